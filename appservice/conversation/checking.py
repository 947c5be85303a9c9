"""What speaks against a draft, in words, as it is shown before it is signed."""

from uuid import UUID

from appservice.conversation.rendering.prescriptions import findings
from appservice.conversation.session import Session
from core.languages import _
from records.prescriptions.allergies import allergies_of
from records.prescriptions.checks import check_draft
from records.prescriptions.rules import Draft
from records.prescriptions.service import prescriptions_of


async def checks_of(session: Session, draft: Draft, patient_id: UUID, *, renews: UUID | None = None) -> str:
    """Lay a draft beside the patient's prescriptions (but the one that it renews) and allergies."""
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    others = [one for one in await prescriptions_of(tx, vault, reader, patient_id) if one.id != renews]
    allergies = await allergies_of(tx, vault, reader, patient_id)
    return _("Checks:\n\n{found}", found=findings(check_draft(draft, others, allergies, tx.now), allergies))
