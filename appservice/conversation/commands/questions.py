"""Questions between visits: the patient asks, the doctor answers."""

from functools import cache
from typing import Any
from uuid import UUID

from appservice.conversation.registry import COMMANDS, action, behind, command, doctor
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.reach import answered_when
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.answers import chosen, read_pick
from appservice.conversation.understanding.arguments import split_code_from_prose, take_slug
from appservice.conversation.understanding.text import Reading, folded
from appservice.matrix.markdown import escape
from booking.appointments.service import by_code as visit_by_code
from booking.directory import reading
from booking.people.service import patient_name
from booking.questions import service as questions
from booking.questions.model import Question
from core.errors import BadInputError
from core.languages import N_, _, spoken_languages

_HOW = N_("To answer, write “answer”, the code and your words.")
_OURS = {"ask", "answer"}


@command(
    "ask|question",
    "CODE|DOCTOR WORDS",
    help="ask a doctor of yours something: ask K7QM3F may I eat before?",
    heard=True,
)
async def ask(session: Session, text: str) -> None:
    """To whom: by the code of a visit, or by the doctor's short name."""
    text = _as_written(session, text)
    code, words = split_code_from_prose(text)
    if code:
        visit = await visit_by_code(session.tx, session.ctx, session.person, code)
        await _ask(session, visit.practitioner.id, visit.patient_id, words)
        return
    said = Reading(text)
    slug = take_slug(said)
    found = await reading.practitioners_named(session.tx, slug) if slug else []
    if not found:
        raise BadInputError("Whom? Write the code of a visit or the doctor's short name: ask dr.osei may I eat before?")
    await _ask(session, found[0].id, session.person.patient.id, _behind(text, slug or ""))


def _as_written(session: Session, text: str) -> str:
    """What stands behind the command's word, in the person's own lines and signs."""
    written = session.incoming.text.lstrip(" \t\n!/¿¡")
    low = folded(written)
    word = next((each for each in _words() if low.startswith(each) and not low[len(each) :][:1].isalnum()), None)
    return behind(written, low, len(word)).lstrip(" \t\n:,،؛") if word else text


@cache
def _words() -> tuple[str, ...]:
    """The words of the commands here in all languages, folded, the longest first."""
    ours = [each for each in COMMANDS if each.words[0] in _OURS]
    said = {folded(word) for each in ours for tag in spoken_languages() for word in (*each.words, *each.spelt(tag))}
    return tuple(sorted(said, key=lambda word: (-len(word), word)))


def _behind(text: str, slug: str) -> str:
    """The words as they were written, without the name."""
    start = text.casefold().find(slug)
    return (text[:start] + text[start + len(slug) :]).strip(" ,:;") if start >= 0 else text


async def _ask(session: Session, practitioner_id: UUID, patient_id: UUID, words: str) -> None:
    asked, reach = await questions.ask(
        session.tx, session.ctx, session.person, patient_id=patient_id, practitioner_id=practitioner_id, text=words
    )
    said = _(
        "Asked: {doctor}. The answer comes here. Question **{code}**.",
        doctor=escape(reach.doctor.name),
        code=asked.code,
    )
    when = answered_when(reach, session.place, session.tx.now)
    urgent = _("If it cannot wait, please call the centre; in an emergency, call 112.")
    await session.say("\n\n".join(part for part in (said, when, urgent) if part))


@command("questions|my questions", help="questions that wait for an answer", bare=True, heard=True)
async def questions_(session: Session, text: str) -> None:
    """To a doctor what they were asked; to everybody what they have asked."""
    found = await questions.questions_of(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("No question waits for an answer."))
        return
    rows = [await _line(session, each) for each in found]
    answerable = [each for each in found if each.practitioner_id == session.person.practitioner_id]
    hint = f"\n\n{_(_HOW)}" if answerable else ""
    await session.say(
        numbered(rows) + hint, choices=[{"do": "question of list", "question": str(each.id)} for each in found]
    )


@action("question of list")
async def of_list(session: Session, choice: dict[str, Any]) -> None:
    """The number alone: which one it is, and how it is answered."""
    found = await questions.by_id(session.tx, session.ctx, session.person, UUID(choice["question"]))
    answerable = found.practitioner_id == session.person.practitioner_id and found.answered_at is None
    await session.say(await _line(session, found) + (f"\n\n{_(_HOW)}" if answerable else ""))


async def _line(session: Session, each: Question) -> str:
    when = moment(each.asked_at, session.place)
    if each.practitioner_id == session.person.practitioner_id:
        who = await patient_name(session.tx, session.ctx, each.patient_id)
    else:
        who = (await reading.practitioner(session.tx, each.practitioner_id)).name
    return _("**{code}** {who}, {when}: {words}", code=each.code, who=escape(who), when=when, words=escape(each.text))


@command(
    "answer",
    "CODE WORDS",
    help="answer a question of a patient; or reply to the message that shows it",
    who=doctor,
    group="Doctor",
    heard=True,
)
async def answer(session: Session, text: str) -> None:
    """By the question's code, or by its number in the list."""
    text = _as_written(session, text)
    code, words = split_code_from_prose(text)
    if code:
        found = await questions.by_code(session.tx, session.ctx, session.person, code)
        await _answer(session, found.id, words)
        return
    first, _gap, words = text.strip().partition(" ")
    # A number means what it meant in the list that was shown: of those that are open now it may be another patient's.
    shown = session.dialogue.listed("question of list")
    if not shown:
        open_ = await questions.questions_of(session.tx, session.ctx, session.person)
        shown = [{"question": str(each.id)} for each in open_] if len(open_) == 1 else []
    pick = read_pick(first)
    if not pick or not shown:
        raise BadInputError("Which one? Write “answer”, the question's code and your words; “questions” lists them.")
    await _answer(session, UUID(shown[chosen(pick, len(shown))]["question"]), words)


@action("answer question")
async def answered(session: Session, choice: dict[str, Any]) -> None:
    """The doctor has replied to the message."""
    await _answer(session, UUID(choice["question"]), choice["text"])


async def _answer(session: Session, question_id: UUID, words: str) -> None:
    done = await questions.answer(session.tx, session.ctx, session.person, question_id, words)
    who = await patient_name(session.tx, session.ctx, done.patient_id)
    await session.say(_("Answered: **{patient}** has your words now.", patient=escape(who)))
