"""Have keys exchanged, see how far that is, pause it: for those who run the platform."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from booking.access import require
from booking.context import Context
from booking.people.model import patient, person
from booking.people.service import Person
from booking.staff.news import tell_person
from core.database import Tx
from core.errors import BadInputError
from records.rotation import replicas
from records.rotation import service as rotations
from records.rotation.service import Level, Rotation

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Rotations:
    """What is under way, and what was."""

    under_way: Rotation | None
    other_keys: int
    """How many replicas hold another master key than the one that answers: what is wrapped by it waits for those."""
    done: tuple[Rotation, ...]
    """The last ones, newest first."""


async def subjects_of(tx: Tx, mxid: str) -> list[UUID]:
    """The two subjects that things of a person's are sealed for. Raises BadInputError."""
    found = await tx.conn.execute(
        select(person.c.id, patient.c.id.label("patient_id"))
        .join(patient, patient.c.person_id == person.c.id)
        .where(person.c.mxid == mxid)
    )
    row = found.one_or_none()
    if row is None:
        raise BadInputError("Nobody with the Matrix id {mxid} has talked to the service.", mxid=mxid)
    return [row.id, row.patient_id]


async def rotate(tx: Tx, ctx: Context, actor: Person, level: Level, mxid: str | None) -> Rotation:
    """Begin a rotation, of everybody's keys or (`mxid`) one person's; the actor is told when it is done.

    One of the same kind that is under way goes on. For platform admins. Raises RefusedError, BadInputError,
    ConflictError, ProviderAwayError.
    """
    require(actor.platform_admin)
    if mxid and level is Level.MASTER:
        raise BadInputError("The master key wraps everybody's keys: leave the name out.")
    subjects = await subjects_of(tx, mxid) if mxid else None
    return await rotations.start(tx, ctx.vault, level, subjects, asked_by=actor.id)


async def rotations_now(tx: Tx, ctx: Context, actor: Person) -> Rotations:
    """How far it is. For platform admins. Raises RefusedError."""
    require(actor.platform_admin)
    found = await rotations.rotations(tx, _SHOWN + 1)
    return Rotations(
        next((each for each in found if each.finished_at is None), None),
        await replicas.with_another_key(tx, ctx.vault),
        tuple(each for each in found if each.finished_at is not None)[:_SHOWN],
    )


async def pause(tx: Tx, ctx: Context, actor: Person) -> Rotation:
    """Leave the one that is under way as it is, for as long as one likes. Raises RefusedError, ConflictError."""
    require(actor.platform_admin)
    return await rotations.pause(tx)


async def go_on(tx: Tx, ctx: Context, actor: Person) -> Rotation:
    """Go on with it, whoever began it; the actor is told when it is done. Raises RefusedError, ConflictError."""
    require(actor.platform_admin)
    return await rotations.go_on(tx, actor.id)


async def tell_how_it_ended(tx: Tx, ended: Rotation) -> None:
    """Tell who asked for it: it is done, or cannot go on."""
    if ended.asked_by:
        await tell_person(tx, ended.asked_by, "rotation", rotation=str(ended.id))


async def rotation_to_tell(tx: Tx, rotation_id: UUID) -> Rotation:
    """One of them, for a notice."""
    return await rotations.rotation_by_id(tx, rotation_id)
