"""Sick notes: shown before they are signed, and sent to the patient with a copy for the employer."""

from datetime import date
from typing import Any

from appservice.conversation.commands.documents import ask_to_sign, begin, begun_encounter, signed
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering import documents as shown
from appservice.conversation.session import Session
from appservice.conversation.telling import tell_of_document
from appservice.conversation.understanding.sickness import EXAMPLE, read_sick_note
from appservice.matrix.markdown import escape
from core.languages import _
from records.documents.rules import SickNote, checked
from records.documents.service import write_document

_STOP = {"stop": {"do": "leave document"}, "no": {"do": "leave document"}}


@command(
    "sick note|sicknote|certificate",
    "CODE [from DAY] until DAY, [WHAT], [LIMITS]: [DIAGNOSIS]",
    help="write a sick note; the employer's copy does not say why",
    who=doctor,
    group="Doctor",
    heard=True,
)
async def sick_note(session: Session, text: str) -> None:
    """In a line, or step by step."""
    await begin(session, text, "sick note for")


@action("sick note for")
async def preview(session: Session, choice: dict[str, Any]) -> None:
    """Show what is going to be written."""
    if not choice.get("text"):
        await session.say(
            _("From when until when? For example: {example}", example=EXAMPLE.partition("F ")[2]),
            words=_STOP,
            free=choice,
        )
        return
    encounter = await begun_encounter(session, choice["visit"])
    said = checked(read_sick_note(choice["text"], session.today, session.person.language), session.today)
    assert isinstance(said, SickNote)
    session.dialogue.drop_if(lambda each: each.free is not None and each.free["do"] == "sick note for")
    head = _("Sick note for **{name}**", name=escape(encounter.patient_name))
    then = {"do": "sign sick note", "visit": choice["visit"], "said": _written(said)}
    await ask_to_sign(session, f"{head}:\n\n{shown.sick_note(said)}", then)


@action("sign sick note")
async def written(session: Session, choice: dict[str, Any]) -> None:
    """Sign it into the records, and have the patient told."""
    signer = await signed(session, choice)
    if signer is None:
        return
    said = choice["said"]
    content = SickNote(**{**said, "first": date.fromisoformat(said["first"]), "last": date.fromisoformat(said["last"])})
    done = await write_document(
        session.tx,
        session.ctx.vault,
        await session.reader(),
        signer,
        await begun_encounter(session, choice["visit"]),
        content,
        today=session.today,
        shared=True,
    )
    await tell_of_document(session, "document", done)
    await session.say(_("Signed: sick note **{code}**. The patient has it now.", code=done.code))


def _written(said: SickNote) -> dict[str, str]:
    return {
        "first": said.first.isoformat(),
        "last": said.last.isoformat(),
        "activity": said.activity,
        "limits": said.limits,
        "diagnosis": said.diagnosis,
    }
