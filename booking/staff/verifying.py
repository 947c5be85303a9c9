"""That somebody is the doctor they are said to be: a platform admin looks, and says so. Nobody is booked before."""

from uuid import UUID

from sqlalchemy import insert, update

from booking.access import require
from booking.context import Context
from booking.directory import reading
from booking.directory.model import Practitioner, practitioner
from booking.people.service import Person, person_id_of
from booking.schedules.steady import change_alone
from booking.staff.model import verification
from booking.staff.news import tell_person
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_id


async def to_verify(tx: Tx, ctx: Context, actor: Person) -> list[Practitioner]:  # noqa: ARG001
    """Return the doctors who wait for it, by name. For platform admins. Raises RefusedError."""
    require(actor.platform_admin)
    return await reading.unverified_practitioners(tx)


async def verify(
    tx: Tx,
    ctx: Context,  # noqa: ARG001  (all services have one head)
    actor: Person,
    practitioner_id: UUID,
    *,
    verified: bool = True,
) -> Practitioner:
    """Say that a doctor was verified, or is not any more; the doctor and the centres' admins are told.

    Visits that are booked stay. For platform admins. Raises RefusedError, ConflictError.
    """
    require(actor.platform_admin)
    await change_alone(tx, [practitioner_id])  # whoever books with them meanwhile is done, or is refused
    known = await reading.practitioner(tx, practitioner_id)
    if known.verified is verified:
        said = "{doctor} is verified already." if verified else "{doctor} is not verified."
        raise ConflictError(said, doctor=known.name)
    await note(tx, practitioner_id, actor.id, verified=verified)
    told = {known.person_id} if known.person_id else set()
    for at in await reading.centres_of(tx, practitioner_id):
        told |= {*await reading.centre_admins(tx, at.id)}
    for person in sorted(told - {actor.id}):
        await tell_person(tx, person, "verified" if verified else "unverified", practitioner=str(practitioner_id))
    return await reading.practitioner(tx, practitioner_id)


async def note(tx: Tx, practitioner_id: UUID, actor_id: UUID, *, verified: bool) -> None:
    """Write down who has said so."""
    await tx.conn.execute(update(practitioner).where(practitioner.c.id == practitioner_id).values(verified=verified))
    await tx.conn.execute(
        insert(verification).values(
            id=new_id(), practitioner_id=practitioner_id, verified=verified, by=actor_id, at=tx.now
        )
    )


async def ask_for_verification(tx: Tx, ctx: Context, practitioner_id: UUID) -> None:
    """Tell the platform's admins that a doctor waits."""
    for mxid in ctx.settings.matrix.platform_admins:
        await tell_person(tx, await person_id_of(tx, mxid), "to verify", practitioner=str(practitioner_id))
