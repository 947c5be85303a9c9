"""Another's records on one page, as far as the reader may read them: what was shared, or is open in an emergency."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from appservice.conversation.dialogue import Choice
from appservice.conversation.rendering import documents as papers
from appservice.conversation.rendering import files
from appservice.conversation.rendering.prescriptions import short
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.appointments.reasons import reasons_of
from booking.referrals.service import notes_of
from core.languages import _
from records.access import Kind, Reader, may_read
from records.documents.service import documents_of
from records.files.service import files_of
from records.prescriptions.allergies import allergies_of
from records.prescriptions.service import prescriptions_of

_MOST = 20
Line = tuple[str, Choice | None]
"""What is said, and what its number leads to."""


async def page_of(session: Session, reader: Reader, patient_id: UUID) -> tuple[str, list[Choice]]:
    """All that the reader may read of a patient, in sections; numbers go through all of them."""
    said: list[str] = []
    choices: list[Choice] = []
    for kinds, head, read in _SECTIONS:
        if not any(may_read(reader, kind, patient_id) for kind in kinds):
            continue
        lines = (await read(session, reader, patient_id))[:_MOST]
        rows = []
        for text, choice in lines:
            if choice:
                choices.append(choice)
            rows.append(f"{len(choices)}. {text}" if choice else f"- {text}")
        said.append(f"**{head()}**\n\n" + ("\n".join(rows) or _("Nothing.")))
    if choices:
        said.append(_("Answer with a number for all of it."))
    return "\n\n".join(said), choices


async def _allergies(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    held = await allergies_of(session.tx, session.ctx.vault, reader, patient_id)
    if held is None:
        return [(_("**Not stated**: nobody has said whether there are any."), None)]
    return [(escape(each), None) for each in held] or [(_("None, as was stated."), None)]


async def _prescriptions(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    found = await prescriptions_of(session.tx, session.ctx.vault, reader, patient_id)
    return [(short(one, session.place), {"do": "show prescription", "code": one.code}) for one in found]


async def _documents(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    found = await documents_of(session.tx, session.ctx.vault, reader, patient_id, limit=_MOST)
    return [(papers.one_line(one, session.place), {"do": "show document", "document": str(one.id)}) for one in found]


async def _files(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    found = await files_of(session.tx, session.ctx.vault, reader, patient_id)
    return [(files.one_line(one, session.place), {"do": "send file", "file": str(one.id)}) for one in found]


async def _reasons(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    return [(escape(each), None) for each in await reasons_of(session.tx, session.ctx, reader, patient_id)]


async def _referrals(session: Session, reader: Reader, patient_id: UUID) -> list[Line]:
    return [(escape(each), None) for each in await notes_of(session.tx, session.ctx, reader, patient_id)]


_Read = Callable[[Session, Reader, UUID], Awaitable[list[Line]]]
_SECTIONS: list[tuple[tuple[Kind, ...], Callable[[], str], _Read]] = [
    ((Kind.ALLERGIES,), lambda: _("Allergies"), _allergies),
    ((Kind.PRESCRIPTION,), lambda: _("Prescriptions"), _prescriptions),
    ((Kind.NOTE, Kind.SICK_NOTE), lambda: _("Notes"), _documents),
    ((Kind.ATTACHMENT,), lambda: _("Files"), _files),
    ((Kind.REASON,), lambda: _("Reasons for visits"), _reasons),
    ((Kind.REFERRAL,), lambda: _("Referrals"), _referrals),
]
