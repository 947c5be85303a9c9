"""Sick notes: shown before they are written, and sent to the patient with a copy for the employer."""

from datetime import date
from typing import Any
from uuid import UUID

from appservice.conversation.commands.documents import begin, encounter_of
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering import documents as shown
from appservice.conversation.session import Session
from appservice.conversation.telling import tell_of_document
from appservice.conversation.understanding.sickness import EXAMPLE, read_sick_note
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.people.service import patient_name
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
    visit = await appointments.appointment(session.tx, UUID(choice["visit"]))
    said = checked(read_sick_note(choice["text"], session.today, session.person.language), session.today)
    assert isinstance(said, SickNote)
    name = escape(await patient_name(session.tx, session.ctx, visit.patient_id))
    session.dialogue.drop_if(lambda each: each.free is not None and each.free["do"] == "sick note for")
    await session.say(
        _(
            "Sick note for **{name}**:\n\n{content}\n\nWrite it? Answer **yes** or **no**.",
            name=name,
            content=shown.sick_note(said),
        ),
        words={"yes": {"do": "sick note", "visit": str(visit.id), "said": _written(said)}, **_STOP},
    )


@action("sick note")
async def written(session: Session, choice: dict[str, Any]) -> None:
    """Write it, and have the patient told."""
    visit = await appointments.appointment(session.tx, UUID(choice["visit"]))
    said = choice["said"]
    content = SickNote(**{**said, "first": date.fromisoformat(said["first"]), "last": date.fromisoformat(said["last"])})
    done = await write_document(
        session.tx,
        session.ctx.vault,
        await session.reader(),
        await encounter_of(session, visit),
        content,
        today=session.today,
        shared=True,
    )
    session.dialogue.drop_last()
    await tell_of_document(session, "document", done)
    await session.say(_("Written: sick note **{code}**. The patient has it now.", code=done.code))


def _written(said: SickNote) -> dict[str, str]:
    return {
        "first": said.first.isoformat(),
        "last": said.last.isoformat(),
        "activity": said.activity,
        "limits": said.limits,
        "diagnosis": said.diagnosis,
    }
