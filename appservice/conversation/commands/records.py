"""What the records hold about oneself and one's family: prescriptions."""

from typing import Any
from uuid import UUID

from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.prescriptions import full, short
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.whose import take_member
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from booking.people.service import patient_name
from core.languages import _
from records.prescriptions.rules import Prescription
from records.prescriptions.service import prescription_by_code, prescriptions_of

_SHOWN = 20


@command("prescriptions|my prescriptions", "[for NAME]", help="your prescriptions", group="Health", heard=True)
async def prescriptions(session: Session, text: str) -> None:
    """All of oneself and of one's family, or of whom is named, newest first."""
    member, _rest = take_member(session, text)
    newest = await newest_prescriptions(session, member)
    if not newest:
        await session.say(_("There are no prescriptions for you."))
        return
    lines = [f"{short(one, session.place)}{await _whose(session, one.patient_id)}" for one in newest]
    await session.say(
        _(
            "{numbered}\n\nAnswer with a number for the whole text and a PDF, or write “renew” and a"
            " number to ask for one once more.",
            numbered=numbered(lines),
        ),
        choices=[{"do": "show prescription", "code": one.code} for one in newest],
    )


async def newest_prescriptions(session: Session, of: UUID | None = None) -> list[Prescription]:
    """Those of oneself and of one's family, or `of` one of them, newest first, as they are numbered."""
    reader = await session.reader()
    found: list[Prescription] = []
    for patient in sorted(reader.own & {of} if of else reader.own):
        found += await prescriptions_of(session.tx, session.ctx.vault, reader, patient)
    return sorted(found, key=lambda one: one.authored_on, reverse=True)[:_SHOWN]


@action("show prescription")
async def show_prescription(session: Session, choice: dict[str, Any]) -> None:
    """Chosen from the list."""
    await prescription(session, choice["code"])


@command("prescription", "CODE", help="one prescription, with a PDF", group="Health", heard=True)
async def prescription(session: Session, text: str) -> None:
    """One in full, and as a file."""
    code, _ = split_code(text)
    if code is None:
        await prescriptions(session, text)
        return
    reader = await session.reader()
    found = await prescription_by_code(session.tx, session.ctx.vault, reader, code)
    await session.say(full(found, session.place))
    await session.send(pdf(found, own=found.patient_id in reader.own))


def pdf(found: Prescription, *, own: bool) -> File:
    """The prescription as a file to send: what a pharmacy takes is for the patient's side alone, others get a copy."""
    name = _("Prescription {code}", code=found.code)
    return File("prescription" if own else "prescription copy", found.id, f"{name}.pdf", "application/pdf")


async def _whose(session: Session, patient: UUID) -> str:
    if patient == session.person.patient.id:
        return ""
    return _(" (for {patient_name})", patient_name=escape(await patient_name(session.tx, session.ctx, patient)))
