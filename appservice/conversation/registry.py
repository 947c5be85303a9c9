"""What can be said to the bot, declared once: the words, who may, and the line of help; and what answers lead to."""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process

from appservice.conversation.rehearsing import rehearse
from appservice.conversation.session import Session
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.running import as_command
from appservice.conversation.understanding.terms import Term
from appservice.conversation.understanding.text import folded, plain
from appservice.conversation.understanding.wishes import FILLERS
from appservice.matrix.markdown import escape
from booking.people.service import Person
from core.errors import RefusedError
from core.languages import DEFAULT, N_, _, heard, spoken_languages

Run = Callable[[Session, str], Awaitable[None]]
"""Gets what follows the command's words."""
Action = Callable[[Session, dict[str, Any]], Awaitable[None]]
"""Gets the choice that was made (dialogue.Choice); answers in words come as `text`."""
Who = Callable[[Person], bool]


def everyone(_person: Person) -> bool:
    return True


def doctor(person: Person) -> bool:
    return person.practitioner_id is not None


def clinic_admin(person: Person) -> bool:
    return bool(person.administers)


def runs_centres(person: Person) -> bool:
    return person.platform_admin or clinic_admin(person)


def runs_or_treats(person: Person) -> bool:
    return runs_centres(person) or doctor(person)


def platform_admin(person: Person) -> bool:
    return person.platform_admin


@dataclass(frozen=True, slots=True)
class Line:
    """How help tells of a command: among which, what follows its words, and what it does."""

    group: str
    usage: str
    help: str


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """`words`: all spellings, the first is the one that help shows; `usage`: what follows them. Each is one alone."""

    words: tuple[str, ...]
    usage: str
    help: str
    who: Who
    group: str
    run: Run
    open: bool
    """Whether its answer says nothing of anybody: in a staff room it is given there."""
    bare: bool
    """Whether it takes no words behind it: "today" alone, but "today after 5" is a wish."""
    heard: bool
    """Whether people say it in their own language, too: the everyday ones. English always works."""
    patients: Line | None = None
    """How help tells those of it who neither treat nor run a centre, where it is another matter to them.

    Of no group: help tells of it only when asked.
    """

    def line(self, *, staff: bool) -> Line:
        """How help tells of it those who treat or run a centre (`staff`), or the others."""
        return (not staff and self.patients) or Line(self.group, self.usage, self.help)

    def spelt(self, language: str) -> tuple[str, ...]:
        """Its words in a person's language, the most usual first; empty if it is said in English alone."""
        return heard("|".join(self.words), language) if self.heard else ()

    def shown(self, language: str) -> str:
        """The word that help shows to somebody of that language."""
        return (*self.spelt(language), self.words[0])[0]


COMMANDS: list[Command] = []
ACTIONS: dict[str, Action] = {}
_PLEASE = re.compile(
    r"^(?:please|bitte|por favor|s'il (?:vous|te) pla[iî]t|sila|tolong|من فضلك|لو سمحت|رجاء)[,،]? ",
    re.IGNORECASE,
)
_BYE = re.compile(r"(?<=\w)[,.!]? (?:and |und |y |et )?(?:good ?bye|bye|tschuss|ciao|adios|au revoir)[ .!]*$")
_CLOSE = 75.0
_SAME = 88.0


def command(
    words: str,
    usage: str = "",
    *,
    help: str,  # noqa: A002  (it is the line of help)
    who: Who = everyone,
    group: str = N_("You"),
    bare: bool = False,
    open: bool = False,  # noqa: A002  (as in Command)
    verified: bool = False,
    heard: bool = False,
    dated: bool = False,
    terms: tuple[Term, ...] = (),
    patients: Line | None = None,
) -> Callable[[Run], Run]:
    """Declare a command. `words`: spellings with bars between; `verified`: a doctor does it only once verified.

    `heard`: the catalogues have its words in each language. `dated`: what follows names days, times, places and the
    like, and may be in the person's language; never where it holds anybody's own words. `terms`: the few words that it
    knows behind itself, which may be in the person's language, too.
    """

    def declare(run: Run) -> Run:
        does = _in_english(run, ()) if dated else run
        does = _in_english(does, terms) if terms else does
        does = _once_verified(does) if verified else does
        COMMANDS.append(Command(tuple(words.split("|")), usage, help, who, group, does, open, bare, heard, patients))
        return run

    return declare


def _in_english(run: Run, terms: tuple[Term, ...]) -> Run:
    async def understood(session: Session, text: str) -> None:
        await run(session, in_english(text, session.person.language, terms))

    return understood


def _once_verified(run: Run) -> Run:
    async def guarded(session: Session, text: str) -> None:
        if not session.person.verified:
            raise RefusedError(
                "You can do that once those who run this service have verified who you are. They know that you wait."
            )
        await run(session, text)

    return guarded


def action(name: str) -> Callable[[Action], Action]:
    """Declare what a choice with this `do` leads to."""

    def declare(run: Action) -> Action:
        ACTIONS[name] = run
        return run

    return declare


def find(text: str, person: Person) -> tuple[Command, str] | None:
    """Return the command that a text begins with and what follows it; the longest words win, alone the bare ones.

    A whole sentence of somebody who runs a centre, or treats, is asked about with the command that it is. Tried in
    English, in the person's language, and in the others: who has not chosen one yet says "Hilfe", too. A command that
    this person may not use is not found: its words may mean something else. A "please" before it says nothing more.
    """
    said = plain(text).lstrip("¿¡ ")
    if runs_or_treats(person) and (line := as_command(said, person.language, treats=doctor(person))):
        return _MEANT, line
    return _begins(said, person) or (_begins(bare, person) if (bare := _PLEASE.sub("", said)) != said else None)


def _begins(said: str, person: Person) -> tuple[Command, str] | None:
    low = folded(said)
    whole = _BYE.sub("", low).rstrip(" .!?؟")
    for spelt in _by_first_letter(person.language, len(COMMANDS)):
        for word, each in spelt.get(low[:1], ()):
            if not low.startswith(word) or not each.who(person):
                continue
            if whole == word:
                return each, ""
            if not (low[len(word)].isalnum() or each.bare):
                return each, behind(said, low, len(word)).strip(" :,،؛")
    return None


async def ask_whether(session: Session, line: str, shown: str) -> None:
    """Ask whether somebody meant what is shown; a yes runs the line."""
    await session.say(
        _("Did you mean **{guess}**? Answer yes, or write it again.", guess=escape(shown)),
        words={"yes": {"do": "run", "text": line}, "no": {"do": "help"}},
    )


async def _meant(session: Session, line: str) -> None:
    """Show the command with the word that help shows."""
    found = find(line, session.person)
    known = found and found[0].words  # not another sentence
    shown = f"{found[0].shown(session.person.language)} {found[1]}" if found and known else line
    if found and f"{line} ".startswith("hours ") and not re.search(r"\d|closed", found[1]):  # shown, and nothing is set
        await found[0].run(session, found[1])
        return
    if not found or not known or not line.startswith(_REHEARSED) or line.startswith("closed days open"):
        await ask_whether(session, line, shown)
        return
    tried = await rehearse(session, found[0].run, found[1])
    if tried.would_ask:
        meant = _("Did you mean **{guess}**?", guess=escape(shown))
        await session.say("\n\n".join((meant, *tried.would_say)), words=tried.would_ask)
        return
    await session.say(
        _(
            "Did you mean **{guess}**? No visit that is booked stands in the way. Answer yes, or write it again.",
            guess=escape(shown),
        ),
        words={"yes": {"do": "run", "text": line}, "no": {"do": "help"}},
    )


_REHEARSED = ("time off", "closed days", "closing time", "hours")
"""Commands that ask before a visit is left outside."""
_MEANT = Command((), "", "", runs_or_treats, "", _meant, open=False, bare=False, heard=False)
"""What somebody has said in a sentence of their own."""


def nearest(text: str, person: Person) -> str | None:
    """Return the words of the command that a misspelt text may mean, or None."""
    low = folded(plain(text, 60))
    own = _spellings(person.language, len(COMMANDS))[:2]
    spelt = [word for words in own for word, each in words if len(word) > 3 and each.who(person)]
    first = " ".join(low.split()[:2])
    for piece in dict.fromkeys((first, low.split()[0] if low.split() else "")):
        everyday = piece.partition(" ")[0] in FILLERS  # what is no misspelling: "what" is not "wait"
        close = process.extractOne(piece, spelt, scorer=fuzz.ratio, score_cutoff=_SAME if everyday else _CLOSE)
        if close and len(piece) > 3:
            return str(close[0])
    return None


@lru_cache(maxsize=64)
def _spellings(language: str, _declared: int) -> tuple[tuple[tuple[str, Command], ...], ...]:
    """All words of commands, folded: the English ones, those of a language, those of the others; the longest first."""
    own = language.split("-", maxsplit=1)[0]
    others = sorted(spoken_languages() - {DEFAULT, own})
    english = [(word, each) for each in COMMANDS for word in each.words]
    mine = [(folded(word), each) for each in COMMANDS for word in each.spelt(own)]
    theirs = [(folded(word), each) for tag in others for each in COMMANDS for word in each.spelt(tag)]
    return tuple(
        tuple(sorted(words, key=lambda found: (-len(found[0]), not found[1].bare))) for words in (english, mine, theirs)
    )


@lru_cache(maxsize=64)
def _by_first_letter(language: str, declared: int) -> tuple[dict[str, list[tuple[str, Command]]], ...]:
    """The same by the letter that they begin with: most of what is said is no command, and is compared with few."""
    letters: list[dict[str, list[tuple[str, Command]]]] = []
    for words in _spellings(language, declared):
        letters.append({})
        for word, each in words:
            letters[-1].setdefault(word[0], []).append((word, each))
    return tuple(letters)


def behind(said: str, low: str, length: int) -> str:
    """What follows the words that are so long when they are folded, which can be longer or shorter before that."""
    at = length
    if len(low) != len(said):
        at = next((n for n in range(len(said) + 1) if len(folded(said[:n])) >= length), len(said))
        while at < len(said) and unicodedata.combining(said[at]):
            at += 1
    return said[at:]
