"""Whose account a doctor's entry is, where the platform has vouched for that entry: then that takes its word, too.

Who runs a centre names an account, or invites somebody as the doctor. Where nobody has verified the entry, that is all:
it is looked at together with the account. Where it was verified, patients and records are open to whoever is linked to
it, at other centres, too; so the account waits here until a platform admin has looked whose it is.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from booking.access import require
from booking.context import Context
from booking.directory import model, reading
from booking.directory.model import Practitioner
from booking.people.service import Person, mxids_of, person_id_of
from booking.staff.model import practitioner_claim, verification
from booking.staff.news import tell_person
from core.database import Tx
from core.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Claim:
    """An account that is said to be a doctor's, and waits for the platform's word."""

    doctor: Practitioner
    mxid: str
    asked_by: str
    """Matrix id of who said so."""


async def needs_word(tx: Tx, doctor: Practitioner) -> bool:
    """Whether the platform was ever asked about the entry: then it is asked about its account, too."""
    looked = exists().where(verification.c.practitioner_id == doctor.id)
    return doctor.verified or bool((await tx.conn.execute(select(looked))).scalar_one())


async def claim(tx: Tx, ctx: Context, doctor: Practitioner, person_id: UUID, asked_by: UUID) -> None:
    """Have the platform asked whether the account is the doctor's; the newest takes the place of one before."""
    values = {"person_id": person_id, "asked_by": asked_by, "asked_at": tx.now}
    await tx.conn.execute(
        insert(practitioner_claim)
        .values(practitioner_id=doctor.id, **values)
        .on_conflict_do_update(index_elements=[practitioner_claim.c.practitioner_id], set_=values)
    )
    for mxid in ctx.settings.matrix.platform_admins:
        await tell_person(tx, await person_id_of(tx, mxid), "account to confirm", practitioner=str(doctor.id))


async def open_claim(tx: Tx, practitioner_id: UUID) -> Claim | None:
    """The account that waits for the platform's word; who may know it the caller has decided."""
    found = await tx.conn.execute(
        select(practitioner_claim).where(practitioner_claim.c.practitioner_id == practitioner_id)
    )
    row = found.one_or_none()
    if row is None:
        return None
    mxids = await mxids_of(tx, [row.person_id, row.asked_by])
    doctor = await reading.practitioner(tx, practitioner_id)
    return Claim(doctor, mxids[row.person_id], mxids[row.asked_by])


async def open_claims(tx: Tx, actor: Person) -> list[Claim]:
    """All of them, the oldest first. For platform admins. Raises RefusedError."""
    require(actor.platform_admin)
    found = await tx.conn.execute(select(practitioner_claim.c.practitioner_id).order_by(practitioner_claim.c.asked_at))
    claims = [await open_claim(tx, each) for each in found.scalars().all()]
    return [each for each in claims if each]


async def refuse_claim(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID) -> Claim:  # noqa: ARG001
    """The account is not the doctor's: nothing is linked, and who said so is told. For platform admins.

    Raises RefusedError, ConflictError.
    """
    claimed, _person = await take_claim(tx, actor, practitioner_id)
    return claimed


async def take_claim(
    tx: Tx, actor: Person, practitioner_id: UUID, *, answer: str = "account refused"
) -> tuple[Claim, UUID]:
    """Take a claim out, answered; return it with the person whose account it names. Raises as `refuse_claim` does."""
    require(actor.platform_admin)
    claimed = await open_claim(tx, practitioner_id)
    gone = await tx.conn.execute(
        delete(practitioner_claim)
        .where(practitioner_claim.c.practitioner_id == practitioner_id)
        .returning(practitioner_claim.c.person_id, practitioner_claim.c.asked_by)
    )
    row = gone.one_or_none()
    if claimed is None or row is None:
        doctor = await reading.practitioner(tx, practitioner_id)
        raise ConflictError("No account waits to be {doctor}'s.", doctor=doctor.name)
    for person in sorted({row.asked_by, row.person_id} - {actor.id}):
        await tell_person(tx, person, answer, practitioner=str(practitioner_id), account=claimed.mxid)
    person_id: UUID = row.person_id
    return claimed, person_id


async def linked_to_another(tx: Tx, person_id: UUID, practitioner_id: UUID) -> bool:
    """Whether a person is another doctor already."""
    table = model.practitioner
    other = await tx.conn.execute(
        select(table.c.id).where(table.c.person_id == person_id, table.c.id != practitioner_id)
    )
    return other.first() is not None
