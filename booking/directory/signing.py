"""Ending a doctor's signing key for them: who may is a matter of who runs the centres that the doctor works at."""

from uuid import UUID

from sqlalchemy import select

from booking.access import may_administer, require
from booking.context import Context
from booking.directory import model
from booking.people.service import Person
from core.database import Tx
from records.signing.service import revoke_signing


async def reset_signing(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID) -> bool:  # noqa: ARG001  (one head)
    """End the key of a doctor whose phone is lost, so that they can set up another. Returns False if there was none.

    For admins of a centre that the doctor works at. Raises RefusedError.
    """
    role = model.practitioner_role
    found = await tx.conn.execute(select(role.c.centre_id).where(role.c.practitioner_id == practitioner_id))
    require(any(may_administer(actor, centre_id) for centre_id in found.scalars()))
    return await revoke_signing(tx, practitioner_id, by=actor.id)
