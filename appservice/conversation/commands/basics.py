"""Greetings, help, thanks."""

from functools import lru_cache
from typing import Any

from appservice.conversation.commands import people
from appservice.conversation.registry import COMMANDS, Command, Line, action, command, find, runs_or_treats
from appservice.conversation.rendering.values import languages
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded, plain
from appservice.matrix.markdown import escape
from booking.people.service import set_language
from core.languages import DEFAULT, _, heard, language, speaking, spoken_languages

_ORDER = ("Doctor", "Centre", "Platform", "Visits", "Health", "You")
"""What a person's part asks for most comes first."""
_GREETINGS = "hello|hi|hey|good morning|good evening|hallo|start"
_FIRST = "To book, say what you need: “cardiologist near Berlin tomorrow under 60”. Then answer with numbers."


@command(
    "help|commands|menu|what can you do|hilfe|how does this work|how do i start|how do i use this",
    help="what you can do",
    group="",
    open=True,
    heard=True,
)
async def help_(session: Session, text: str) -> None:
    """The words this person can use, a line for each matter; behind a word, what it does and how it is written."""
    mine = tuple(each for each in COMMANDS if each.group and each.who(session.person))
    staff = runs_or_treats(session.person)
    told = _told(folded(text), mine, staff=staff) if text else ()
    if told:
        await session.say("\n".join(_explained(each, each.line(staff=staff)) for each in told))
    else:
        await session.say(_overview(language(), mine, staff=staff))


def _grouped(mine: tuple[Command, ...], *, staff: bool) -> dict[str, list[Command]]:
    groups: dict[str, list[Command]] = {name: [] for name in _ORDER}
    for each in mine:
        groups.get(each.line(staff=staff).group, []).append(each)
    return groups


def _told(about: str, mine: tuple[Command, ...], *, staff: bool) -> list[Command]:
    """What somebody asks about: all of a line, or all that have this word."""
    groups = _grouped(mine, staff=staff).items()
    line = next((found for name, found in groups if about in {folded(name), folded(_(name))}), None)
    return line or [each for each in mine if about in {*each.words, *map(folded, each.spelt(language()))}]


@lru_cache(maxsize=100)
def _overview(spoken: str, mine: tuple[Command, ...], *, staff: bool) -> str:
    """A line for each matter, in the language that is spoken: the same for all who may do the same."""
    rows = [
        f"- **{_(name)}**: {_(', ').join(each.shown(spoken) for each in found)}"
        for name, found in _grouped(mine, staff=staff).items()
        if found
    ]
    explain = _("“help visits” explains a line, “help cancel” a word.")
    return f"{_(_FIRST)}\n\n" + "\n".join(rows) + f"\n\n{explain}"


def _explained(each: Command, line: Line) -> str:
    usage = line.usage and f" {escape(_(line.usage) if each.heard else line.usage)}"
    return f"- **{each.shown(language())}**{usage}: {escape(_(line.help))}"


@command("hello|hi|hey|good morning|good evening|hallo|start", help="a greeting", group="", bare=True, heard=True)
async def hello(session: Session, text: str) -> None:
    """Say who we are and what to say; who has chosen no language is greeted in the one that they greet in."""
    person = session.person
    tag = None if person.language_chosen else greeted_in(session.incoming.text)
    if tag is None or tag == person.language.split("-")[0]:
        await session.say(_greeting(person.name))
        return
    with speaking(tag):
        stay = _("Shall I answer in {language} from now on? Answer **yes**.", language=languages((tag,)))
        await session.say(
            f"{_greeting(person.name)}\n\n{stay}",
            words={"yes": {"do": "speak", "language": tag}, "no": {"do": "speak as before"}},
        )


def _greeting(name: str | None) -> str:
    return _(
        "Hello{more}! I book medical appointments. Tell me what you need, for example:\n\n-"
        " cardiologist near Berlin tomorrow under 60\n- dentist in Munich, english speaking\n-"
        " appointments\n\n“help” shows everything I can do.",
        more=f" {escape(name)}" if name else "",
    )


def greeted_in(text: str) -> str | None:
    """Return the language whose greeting a text begins with, or None: English is that of many who speak another."""
    low = folded(plain(text, 60)).lstrip("!/¡¿ ")
    found = [
        (len(word), tag)
        for tag in sorted(spoken_languages() - {DEFAULT})
        for word in map(folded, heard(_GREETINGS, tag))
        if low.startswith(word) and not low[len(word) : len(word) + 1].isalnum()
    ]
    return max(found)[1] if found else None


@action("speak")
async def speak_(session: Session, choice: dict[str, Any]) -> None:
    """From now on in the language that was offered."""
    session.dialogue.drop_last()
    await people.language(session, choice["language"])


@action("speak as before")
async def speak_as_before(session: Session, choice: dict[str, Any]) -> None:
    """In no other language, whatever they write in: that is a choice, too."""
    session.dialogue.drop_last()
    session.person = await set_language(session.tx, session.ctx, session.person, session.person.language)
    await session.say(_("Good. Nothing has changed."))


@command(
    "thanks|thank you|thx|danke|thank you so much|thank you very much|thanks a lot|many thanks|thanks for your help"
    "|thank you for your help|bye|goodbye|good bye",
    help="you are welcome",
    group="",
    bare=True,
    heard=True,
)
async def thanks(session: Session, text: str) -> None:
    """A kind word."""
    await session.say(_("You are welcome."))


@action("run")
async def run(session: Session, choice: dict[str, Any]) -> None:
    """What was meant after all."""
    found = find(choice["text"], session.person)
    if found:
        meant, rest = found
        await meant.run(session, rest)


@action("help")
async def not_that(session: Session, choice: dict[str, Any]) -> None:
    """It was something else."""
    await session.say(_("Then please say it in other words, or write “help”."))
