"""What people say in whole sentences of their own, and which command that is. Help does not list them."""

from appservice.conversation.commands.records import prescriptions
from appservice.conversation.commands.visits import appointments_, cancel
from appservice.conversation.registry import ACTIONS, command
from appservice.conversation.session import Session


@command(
    "i can't come|i cannot come|i cant come|i can't make it|i cannot make it|i cant make it",
    help="cancel a visit",
    group="",
    heard=True,
)
async def cannot_come(session: Session, text: str) -> None:
    """Where a day is named while times are looked for, it is left out; else a visit is cancelled, once that is sure."""
    asked = session.dialogue.last
    if text and asked and asked.refine:
        await ACTIONS[asked.refine["do"]](session, {**asked.refine, "text": f"not {text}"})
        return
    await cancel(session, "")


@command(
    "where is my appointment|where is my visit|where is it|do i have an appointment|what is the address|how do i pay"
    "|can i pay|where do i pay",
    help="your visits and how they stand",
    group="",
    heard=True,
)
async def where_and_how(session: Session, text: str) -> None:
    """The visits to come tell where they are, and how they are paid."""
    await appointments_(session, "")


@command(
    "what did the doctor prescribe|what was prescribed|my medicines|my medicine|my medication|which medicines",
    help="your prescriptions",
    group="",
    heard=True,
)
async def prescribed(session: Session, text: str) -> None:
    """One's prescriptions."""
    await prescriptions(session, "")
