"""Greetings, help, thanks."""

from typing import Any

from appservice.conversation.registry import COMMANDS, action, command, find
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape


@command("help|commands|menu|what can you do|hilfe", help="this list", bare=True)
async def help_(session: Session, text: str) -> None:
    """What this person can do, in the order in which people need it."""
    groups: dict[str, list[str]] = {}
    for each in COMMANDS:
        if each.who(session.person):
            said = f"**{each.words[0]}** {escape(each.usage)}".strip()
            groups.setdefault(each.group, []).append(f"- {said}: {escape(each.help)}")
    first = "To book, just say what you need: “cardiologist near Berlin tomorrow under 60”. Then answer with numbers."
    parts = [f"**{group}**\n\n" + "\n".join(rows) for group, rows in groups.items()]
    await session.say("\n\n".join([first, *parts]))


@command("hello|hi|hey|good morning|good evening|hallo|start", help="a greeting", bare=True)
async def hello(session: Session, text: str) -> None:
    """Say who we are and what to say."""
    name = session.person.name
    await session.say(
        f"Hello{f' {escape(name)}' if name else ''}! I book medical appointments. Tell me what you need, for example:"
        "\n\n- cardiologist near Berlin tomorrow under 60\n- dentist in Munich, english speaking\n- appointments"
        "\n\n“help” shows everything I can do."
    )


@command("thanks|thank you|thx|danke", help="you are welcome", bare=True)
async def thanks(session: Session, text: str) -> None:
    """A kind word."""
    await session.say("You are welcome.")


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
    await session.say("Then please say it in other words, or write “help”.")
