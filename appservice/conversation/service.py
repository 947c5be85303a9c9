"""What happens to every message: who speaks is found, what is meant is understood, and a command or an answer runs.

The order in which a text is tried: an answer to a question that takes any words; a number; a fixed answer (yes, more,
stop); a command; a change of the last wish; a new wish; the nearest command. Never silence.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import appservice.conversation.commands  # noqa: F401  (declares them)
from appservice.conversation.commands import filing, importing
from appservice.conversation.commands.finding import understood, wish
from appservice.conversation.dialogue import Choice, Question, load, save
from appservice.conversation.importing import came
from appservice.conversation.registry import ACTIONS, Command, ask_whether, doctor, find, nearest
from appservice.conversation.session import Session
from appservice.conversation.understanding.answers import Pick, chosen, read_pick, read_word, several
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.rhythm import take_rhythm
from appservice.conversation.understanding.schedules import days_in_english
from appservice.conversation.understanding.text import Reading, folded
from appservice.conversation.understanding.tongue import tongue_of, words_of
from appservice.conversation.understanding.wishes import Wanted
from appservice.incoming import Incoming
from appservice.matrix.markdown import escape
from appservice.matrix.staff_rooms import centre_of as staff_centre
from appservice.outgoing import Reply, post, refusal_key, was_refused
from booking.context import Context
from booking.directory.reading import centres_named, practitioners_named
from booking.directory.reasons import emergency_in
from booking.people.service import Person, person_of, set_language
from booking.staff.room import staff_of
from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, UserError
from core.languages import DEFAULT, N_, _, speak, speaking, spoken_languages

_HINT = (
    "I did not understand that. Say what you need, like “cardiologist near Berlin tomorrow under 60”, or “help” to see"
    " everything I can do."
)
_EMERGENCY = (
    "**If this may be an emergency, do not wait for an appointment: call 112 now**, or your country's emergency number"
    " (911 in North America, 999 in the United Kingdom and Malaysia, 000 in Australia)."
)
_WELCOME = (
    "Hello{name}! I book medical appointments: tell me what you need, and answer with numbers. For example:\n\n"
    "- cardiologist near Berlin tomorrow under 60\n- dentist in Munich, english speaking\n\n"
    "“help” shows everything I can do.\n\n"
    "“Sprache Deutsch” · “langue français” · “idioma español” · “bahasa Melayu” · “اللغة العربية”"
)
_SAID_WITHOUT_WORDS = {
    "other": (
        "I can read words, and take encrypted pictures, PDFs and recordings; not this. Say in words what you need, or"
        " write “help”."
    ),
    "undecryptable": "I could not read your last message: its key did not reach me. Please send it again.",
    "withheld": N_(
        "I could not read your last message: your app gives me no keys, as it does not trust my device. Verify me in"
        " your app (open my profile there and choose “Verify”), or allow sending to devices that are not verified; then"
        " please send it again."
    ),
    "plaintext": (
        "I only talk encrypted, and did not read that. Please turn encryption on in this room's settings, or start a"
        " new direct chat with me."
    ),
}

_NAMED = 4
"""Letters of a weekday at least, in a language that somebody may be speaking."""
_NAME = 3
"""Words of a name at most."""
_TITLE = re.compile(
    r"^(?:(?:frau|herr|mme|m|mr|mrs|ms|doktor|docteur|doctor|doctora|dokter|دكتور|الدكتور)\b\.? ?)+", re.IGNORECASE
)
_TITLED = re.compile(r"\b(?:doctor|doktor|docteur|doctora|dokter)\b|دكتور", re.IGNORECASE)
_DOCTOR = re.compile(r"\b(?:doctors?|physicians?|doktor|docteur|doctora|dokter|arzt)\b", re.IGNORECASE)
_TO_TAKE = frozenset({"times", "book", "move"})
"""What is chosen in a list of doctors, or of times."""

_SPEAK = "speak"
"""What “yes” does where it is asked in which language to answer."""
_WISHES = frozenset({("find",), ("book",)})
"""Commands that a wish may stand behind."""
_OFFERED = "take up"
"""What “yes” does to a time that came free."""

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class Conversation:
    """Hears what people say (incoming.Listener)."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom, database: Database | None = None) -> None:
        """With the database, what takes a while says how far it is."""
        self._ctx = ctx
        self._database = database
        self._direct_room = direct_room

    async def hear(self, tx: Tx, incoming: Incoming) -> None:
        """Understand and answer. A UserError's sentence is the answer, and then nothing else was done."""
        if not incoming.direct and not (incoming.kind == "text" and incoming.text.lstrip().startswith("!")):
            return  # others talk here; the bot is spoken to by "!"
        person = await person_of(tx, self._ctx, incoming.sender, display_name=incoming.display_name)
        speak(person.language)
        if incoming.direct:
            await self._turn(tx, incoming, person, incoming.room_id)
            return
        # What is answered is between the two: others are in this room. So is what is refused.
        room = await self._open_room(tx, incoming, person)
        if room:
            await self._turn(tx, incoming, person, room, among_others=True)
            return
        room = await self._direct_room(tx, person.id, person.mxid)
        try:
            async with tx.conn.begin_nested():
                await self._turn(tx, incoming, person, room)
        except UserError as sentence:
            await self._post(tx, person, room, refusal_key(incoming.event_id), Reply(escape(str(sentence))))
        pointer = Reply(_("I have answered that in our private chat."), shared=True)
        await self._post(tx, person, incoming.room_id, f"elsewhere:{incoming.event_id}", pointer)

    async def _turn(self, tx: Tx, incoming: Incoming, person: Person, room: str, *, among_others: bool = False) -> None:
        """Answer in that room."""
        dialogue = await load(tx, self._ctx.vault, person.id, room)
        session = Session(tx, self._ctx, person, incoming, room, dialogue, among_others)
        if incoming.kind == "joined":
            name = f" {escape(person.name)}" if person.name else ""
            await session.say(_(_WELCOME, name=name))
        elif incoming.kind in _SAID_WITHOUT_WORDS:
            await self._without_words(session)
        elif incoming.kind == "reaction":
            await _tapped(session)
        elif incoming.kind == "file":
            await (importing.announced(session) if importing.is_calendar(session) else filing.announced(session))
        else:
            await _understand(session, incoming.text)
        await save(tx, self._ctx.vault, person.id, room, dialogue)

    async def _post(self, tx: Tx, person: Person, room: str, key: str, reply: Reply) -> None:
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=key, reply=reply)

    async def _open_room(self, tx: Tx, incoming: Incoming, person: Person) -> str | None:
        """The staff room in which a command was said that tells nothing of anybody: it is answered there."""
        found = find(incoming.text.strip().lstrip("!").strip(), person)
        if found and found[0].open:
            centre_id = await staff_centre(tx, incoming.room_id)
            if centre_id and person.id in await staff_of(tx, centre_id):
                return incoming.room_id
        return None

    async def take(self, tx: Tx, incoming: Incoming, content: AsyncIterator[bytes]) -> None:
        """Keep a file that was heard of, and ask what it is (incoming.FileTaker)."""
        person = await person_of(tx, self._ctx, incoming.sender, display_name=incoming.display_name)
        speak(person.language)
        dialogue = await load(tx, self._ctx.vault, person.id, incoming.room_id)
        session = Session(tx, self._ctx, person, incoming, incoming.room_id, dialogue)
        if importing.is_calendar(session):
            await came(session, self._database, content)
            return
        await filing.came(session, content)
        await save(tx, self._ctx.vault, person.id, incoming.room_id, dialogue)

    async def _without_words(self, session: Session) -> None:
        incoming = session.incoming
        public = incoming.kind == "plaintext"
        said = _(_SAID_WITHOUT_WORDS[incoming.kind])
        reply = Reply(said, public=public, thread=incoming.thread, answers=incoming.event_id)
        await self._post(session.tx, session.person, session.room_id, f"answer:{incoming.event_id}", reply)


async def _tapped(session: Session) -> None:
    """A reaction: the place of a list, or a fixed answer; other emoji are kindness, and need no answer."""
    question = session.dialogue.by_key(session.incoming.reacts_to or "")
    tapped = session.incoming.reaction or ""
    if question is None:
        if tapped.isdigit():
            raise BadInputError("That list is too old. Please ask again.")
        return
    if tapped.isdigit() and question.choices:
        await _choose(session, question, Pick(int(tapped)))
        return
    if tapped in question.taps:
        await _act(session, question.taps[tapped])
        return
    word = read_word(tapped)
    if word and word in question.words:
        await session.answered(question)
        await _act(session, question.words[word])


async def _understand(session: Session, text: str) -> None:
    """What sounds like an emergency is answered with a hint besides; the hint stays when the rest makes no sense.

    In the language of its words, where none was chosen. Not where a doctor writes of a patient, in a command that only
    doctors have.
    """
    await _in_their_language(session, text.strip().lstrip("!/").strip())
    found = find(text.strip().lstrip("!/"), session.person)
    tag = emergency_in(text)
    if tag is None or (found and found[0].who is doctor):
        await _meant(session, text)
        return
    with speaking(session.person.language if session.person.language_chosen else tag):
        await session.say(_(_EMERGENCY))
    try:
        if found and _wants_nothing_more(session, *found):
            return
        async with session.tx.conn.begin_nested():
            await _meant(session, text)
    except UserError:
        return


async def _in_their_language(session: Session, text: str) -> None:
    """Speak the language in which somebody writes who has chosen none: they have, by going on in it.

    One word of it is enough where they were asked whether they want to go on in it.
    """
    replied = session.dialogue.by_key(session.incoming.reacts_to or "")
    asked = replied or session.dialogue.last
    # What is noted, or said to others, is in whatever language these read.
    if session.person.language_chosen or (asked and asked.free) or (replied and replied.reply):
        return
    found = find(text, session.person)
    offered = asked.words.get("yes", {}) if asked else {}
    tag = None
    if offered.get("do") == _SPEAK:
        if not read_word(text) and _goes_on_in(session, offered["language"], text, found):
            tag = offered["language"]
            session.dialogue.drop_last()
    elif found is None or found[0].words[:1] in _WISHES:
        tag = tongue_of(text, session.speaker)
    if tag:
        session.person = await set_language(session.tx, session.ctx, session.person, tag)
        speak(session.person.language)


def _goes_on_in(session: Session, tag: str, text: str, found: tuple[Command, str] | None) -> bool:
    """Whether something of what is said is of a language and of no English: a word, or the word of a command."""
    if found is None:
        return bool(words_of(text, tag)) or tongue_of(text, session.speaker) == tag
    said, command = folded(text), found[0]
    return any(map(said.startswith, map(folded, command.spelt(tag)))) and not any(map(said.startswith, command.words))


def _wants_nothing_more(session: Session, command: Command, rest: str) -> bool:
    """Whether a cry only sounds like a search: who says “I want to die” is not asked which doctor they would like."""
    asked = session.dialogue.last
    return command.words[:1] == ("find",) and not (asked and asked.free) and not session.wanted(rest).whom


async def _meant(session: Session, text: str) -> None:
    command_only = text.lstrip().startswith("!")
    text = text.strip().lstrip("!/").strip()
    replied = session.dialogue.by_key(session.incoming.reacts_to or "")
    if replied and replied.reply and not command_only:
        await _act(session, {**replied.reply, "text": text})
        return
    question = replied or session.dialogue.last
    if session.incoming.edits and (read_word(text) or read_pick(text)):
        await _not_again(session, session.incoming.edits)
    if question and not command_only and await _answer(session, question, text):
        return
    found = find(text, session.person)
    if found:
        session.dialogue.drop_free()
        command, rest = found
        await command.run(session, rest)
        return
    if question and question.refine and not command_only and await _refined(session, question, question.refine, text):
        return
    wanted = session.wanted(text)
    if wanted.whom:
        await wish(session, [text])
        return
    guess = nearest(text, session.person)
    if guess is None and await _by_name(session, text, wanted):
        return
    if not wanted.empty and not guess:
        await wish(session, [text])
        return
    await _lost(session, text)


async def _refined(session: Session, question: Question, refine: Choice, text: str) -> bool:
    """Take the text for more about what is being looked for, or for a name that stands alone; False: a new wish."""
    wanted = session.wanted(text)
    if _TITLED.search(text) and await _by_name(session, text, wanted):
        return True
    if wanted.whom and (refine["do"] != "refine" or _whole(session, question, wanted)):
        return False
    try:
        await _act(session, {**refine, "text": text})
    except BadInputError:
        if nearest(text, session.person) is None and await _by_name(session, text, wanted):
            return True
        if not wanted.empty:
            raise
        await _lost(session, text)
    return True


async def _not_again(session: Session, event_id: str) -> None:
    """An answer that is changed after it has done its work is none to what was asked since. Raises ConflictError."""
    if not await was_refused(session.tx, event_id):
        raise ConflictError(
            "I had answered that message already, and what it did stands. Write a new message to change it."
        )


def _whole(session: Session, question: Question, wanted: Wanted) -> bool:
    """Whether a wish stands alone beside the one that was open: a name, or a kind of doctor and more."""
    before = understood(session, question.refine["wish"]) if question.refine else Wanted()
    more = (wanted.place, wanted.max_price, wanted.days, wanted.patient)
    return bool(before.whom and (wanted.name or any(more)))


async def _answer(session: Session, question: Question, text: str) -> bool:
    """Take the text for an answer to what was asked, if it can be one."""
    word = read_word(text)
    meant = session.dialogue.meant_by(word, question) if word else None
    if meant:
        if word in question.words:
            await session.answered(question)
        await _act(session, meant)
        return True
    if word in {"yes", "book"} and await _taken(session, question):
        return True
    pick = read_pick(text)
    if pick and question.choices:
        await _choose(session, question, pick)
        return True
    if question.choices and not question.free and several(text, len(question.choices)):
        raise BadInputError(
            "One at a time, please: answer with one number from 1 to {count}.", count=len(question.choices)
        )
    words = Reading(text)
    rhythm = take_rhythm(words)
    pick = read_pick(words.rest.replace(Reading.GAP.strip(), " ").strip(" ,;:"))
    if rhythm and pick and question.choices:
        choice = question.choices[chosen(pick, len(question.choices))]
        if choice["do"] == "book":
            await _act(session, {**choice, "do": "book series", "days": rhythm.days, "visits": rhythm.visits})
            return True
    if question.free:
        await _act(session, {**question.free, "text": text})
        return True
    return False


async def _taken(session: Session, question: Question) -> bool:
    """Somebody takes the time that was offered, or agrees to a list of doctors or times; “book it” agrees to nothing
    else. Raises BadInputError where the list is long, UserError where a yes or a no is waited for.
    """
    offered = question.words.get("yes", {})
    if offered.get("do") == _OFFERED:
        await session.answered(question)
        await _act(session, offered)
        return True
    if offered and not question.choices:
        raise _neither()
    if question.free or not question.choices or any(each["do"] not in _TO_TAKE for each in question.choices):
        return False
    if len(question.choices) > 1:
        raise BadInputError("Which one? Answer with a number from 1 to {count}.", count=len(question.choices))
    await _choose(session, question, Pick(1))
    return True


async def _choose(session: Session, question: Question, pick: Pick) -> None:
    await session.answered(question)
    await _act(session, question.choices[chosen(pick, len(question.choices))])


async def _act(session: Session, choice: Choice) -> None:
    await ACTIONS[choice["do"]](session, dict(choice))


async def _by_name(session: Session, text: str, wanted: Wanted) -> bool:
    """A few words that are nothing else may be the name of a doctor or a centre: "osei", "doctor osei tomorrow"."""
    name = _TITLE.sub("", wanted.rest)
    if not name or wanted.whom or len(name.split()) > _NAME:
        return False
    if not await practitioners_named(session.tx, name) and not await centres_named(session.tx, name):
        return False
    await wish(session, [text, f"dr {name}"])
    return True


def _neither() -> UserError:
    return UserError("I did not understand that. Answer yes or no, or write “help” to see everything I can do.")


def _asks_for_a_doctor(session: Session, text: str) -> bool:
    """Whether nothing but that is said: "a doctor", "der Arzt", "le médecin"."""
    wanted = session.wanted(text)
    return wanted.empty and not wanted.rest and bool(_DOCTOR.search(in_english(text, session.person.language)))


async def _lost(session: Session, text: str) -> None:
    """What it says in another of our languages, where the person has chosen none; the nearest meaning, or a hint."""
    if (english := _in_another(session, text)) and await _in_english(session, english):
        return
    guess = nearest(text, session.person)
    asked = session.dialogue.last
    if guess is None and asked and not asked.choices and {"yes", "no"} <= asked.words.keys():
        raise _neither()
    if guess is None and _asks_for_a_doctor(session, text):
        await wish(session, asked.refine["wish"] if asked and asked.refine and "wish" in asked.refine else [text])
        return
    if guess is None:
        raise UserError(_HINT)
    await ask_whether(session, f"{guess} {' '.join(text.split()[len(guess.split()) :])}", guess)


def _in_another(session: Session, text: str) -> str | None:
    """The text in English, where a language other than the person's makes days, hours or more of a wish of it."""
    if session.person.language_chosen or not session.wanted(text).empty:
        return None
    for tag in sorted(spoken_languages() - {DEFAULT}):
        english = days_in_english(in_english(text, tag), tag, shortest=_NAMED).lower()
        try:
            meant = session.wanted(english)
        except BadInputError:
            continue
        if english != text.casefold() and not meant.empty and not meant.rest:
            return english
    return None


async def _in_english(session: Session, text: str) -> bool:
    """Go on with what was understood of another language; False: it makes no sense here."""
    question = session.dialogue.last
    try:
        if question and question.refine:
            await _act(session, {**question.refine, "text": text})
        elif session.wanted(text).whom:
            await wish(session, [text])
        else:
            return False
    except BadInputError:
        return False
    return True
