"""Rows of the pharmacy's side. Decides nothing."""

from uuid import UUID

from sqlalchemy import exists, select

from core.database import Tx
from records.pharmacy.model import pharmacy_dispense


async def something_given(tx: Tx, prescription_id: UUID) -> bool:
    """Whether a pharmacy has handed out anything on a prescription."""
    given = select(exists().where(pharmacy_dispense.c.prescription_id == prescription_id))
    return bool((await tx.conn.execute(given)).scalar_one())
