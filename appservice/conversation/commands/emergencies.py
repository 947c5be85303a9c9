"""Emergency access: a doctor who does not treat a patient opens their records, and says why; all concerned are told."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.showing import page_of
from appservice.matrix.markdown import escape
from booking.people.service import patient_name
from booking.sharing.service import open_in_emergency, patient_in_emergency
from core.errors import BadInputError
from core.languages import _
from records.access import Kind, Relation, relations
from records.consents.rules import checked_emergency

_WRITTEN = re.compile(
    r"^(?P<which>@[^\s:]+:[^\s,;]+?|[0-9A-Za-z]{3}[- ]?[0-9A-Za-z]{3})\s*[:,;]?\s+(?P<why>.+)$", re.DOTALL
)


@command(
    "emergency access|emergency",
    "CODE or PATIENT: REASON",
    help="open a patient's records for four hours when life or health is at risk; patient and clinic are told at once",
    who=doctor,
    group="Doctor",
    heard=True,
)
async def emergency_access(session: Session, text: str) -> None:
    """Ask once, with what it means."""
    written = _WRITTEN.match(text.strip())
    if not written:
        raise BadInputError(
            "Write a visit's code or the patient's Matrix id, and what has happened: emergency access"
            " @anna:example.org: found unconscious, medicines unknown"
        )
    reason = checked_emergency(written["why"], open_now=0)
    patient = await patient_in_emergency(session.tx, session.person, written["which"].rstrip(":"))
    reader = await session.reader()
    if relations(reader, Kind.NOTE, patient) & {Relation.TREATS, Relation.EMERGENCY}:
        await _show(session, patient)
        return
    await session.say(
        _(
            "This opens the patient's records to you for **four hours**. The patient and your clinic are told **at"
            " once**, with your name; your reason goes to the patient:\n\n> {reason}\n\nAnswer yes to open them.",
            reason=escape(reason),
        ),
        words={
            "yes": {"do": "open in emergency", "patient": str(patient), "reason": reason},
            "no": {"do": "leave emergency"},
        },
    )


@action("open in emergency")
async def opened(session: Session, choice: dict[str, Any]) -> None:
    """Open, told, and shown."""
    session.dialogue.drop_last()
    patient = UUID(choice["patient"])
    made = await open_in_emergency(session.tx, session.ctx, session.person, patient, choice["reason"])
    await session.say(
        _(
            "Open to you until {until}. The patient and your clinic have been told.",
            until=moment(made.until, session.place),
        )
    )
    await _show(session, patient)


@action("leave emergency")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """Nothing is opened, and nobody is told."""
    session.dialogue.drop_last()
    await session.say(_("Nothing was opened."))


async def _show(session: Session, patient: UUID) -> None:
    said, choices = await page_of(session, await session.reader(), patient)
    name = escape(await patient_name(session.tx, session.ctx, patient))
    await session.say(f"{name}\n\n{said}", choices=choices)
