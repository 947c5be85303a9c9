"""What can be said to the bot, declared once: the words, who may, and the line of help; and what answers lead to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process

from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded, plain
from booking.people.service import Person
from core.errors import RefusedError
from core.languages import N_

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
class Command:
    """`words`: all spellings, the first is the one that help shows; `usage`: what follows them."""

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


COMMANDS: list[Command] = []
ACTIONS: dict[str, Action] = {}
_CLOSE = 75.0


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
) -> Callable[[Run], Run]:
    """Declare a command. `words`: spellings with bars between; `verified`: a doctor does it only once verified."""

    def declare(run: Run) -> Run:
        does = _once_verified(run) if verified else run
        COMMANDS.append(Command(tuple(words.split("|")), usage, help, who, group, does, open, bare))
        return run

    return declare


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

    A command that this person may not use is not found: its words may mean something else.
    """
    said = plain(text)
    low = folded(said)
    for word, each in _longest_first(len(COMMANDS)):
        begins = low.startswith(word) and (len(low) == len(word) or not (each.bare or low[len(word)].isalnum()))
        if begins and each.who(person):
            return each, said[len(word) :].strip(" :,")
    return None


@lru_cache(1)
def _longest_first(_declared: int) -> list[tuple[str, Command]]:
    """All spellings with their commands; of one length the bare ones first."""
    spelt = ((word, each) for each in COMMANDS for word in each.words)
    return sorted(spelt, key=lambda found: (-len(found[0]), not found[1].bare))


def nearest(text: str, person: Person) -> str | None:
    """Return the words of the command that a misspelt text may mean, or None."""
    low = folded(plain(text, 60))
    spelt = [word for each in COMMANDS if each.who(person) for word in each.words if len(word) > 3]
    first = " ".join(low.split()[:2])
    for piece in dict.fromkeys((first, low.split()[0] if low.split() else "")):
        close = process.extractOne(piece, spelt, scorer=fuzz.ratio, score_cutoff=_CLOSE)
        if close and len(piece) > 3:
            return str(close[0])
    return None
