"""What those who run a centre, or the platform, can do about legal holds. The holds themselves are in records.erasure.

A centre's admins hold the records of patients who have had a visit there, and see and lift the holds on these, whoever
placed them; platform admins those of everybody. Neither reads any records by it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from booking.access import may_hold_records, require
from booking.appointments.model import appointment
from booking.context import Context
from booking.people.model import patient, person
from booking.people.service import Person, mxids_of, patient_names
from core.database import Tx
from core.errors import RefusedError
from core.ids import normal_code
from records import erasure
from records.erasure import Hold


@dataclass(frozen=True, slots=True)
class HeldPatient:
    """A hold that stands, with what the reader may know of whom it is on and who placed it."""

    hold: Hold
    patient: str
    """The name for a centre's admins; for platform admins, who know no patients, the Matrix id or the number."""
    placed_by: str
    """A Matrix id."""


async def place_hold(tx: Tx, ctx: Context, actor: Person, which: str, reason: str) -> HeldPatient:
    """Hold the records of a patient, who is named by the code of a visit or by their Matrix id.

    Raises RefusedError (also where there is no such patient), BadInputError for no reason, ErasedError.
    """
    require(may_hold_records(actor))
    wanted = _theirs(actor)
    if which.startswith("@"):
        own = select(patient.c.id).join(person, person.c.id == patient.c.person_id).where(person.c.mxid == which)
        wanted = wanted.where(appointment.c.patient_id.in_(own))
    else:
        wanted = wanted.where(appointment.c.code == normal_code(which))
    found: UUID | None = (await tx.conn.execute(wanted.limit(1))).scalar_one_or_none()
    if found is None:
        raise RefusedError(
            "I know no patient of yours by that. Write the code of a visit at your centre, or the Matrix id of somebody"
            " who had one."
        )
    hold = await erasure.place_hold(tx, ctx.vault, found, actor=actor.id, reason=reason)
    return (await _said(tx, ctx, actor, [hold]))[0]


async def standing_holds(tx: Tx, ctx: Context, actor: Person) -> list[HeldPatient]:
    """All holds that stand on patients of theirs, oldest first. Raises RefusedError."""
    require(may_hold_records(actor))
    found = await erasure.standing_holds(tx, ctx.vault, among=_theirs(actor), actor=actor.id)
    return await _said(tx, ctx, actor, found)


async def lift_hold(tx: Tx, ctx: Context, actor: Person, hold_id: UUID, reason: str) -> HeldPatient:
    """Lift a hold on a patient of theirs. Raises RefusedError, BadInputError for no reason."""
    require(may_hold_records(actor))
    lifted = await erasure.lift_hold(tx, ctx.vault, hold_id, among=_theirs(actor), actor=actor.id, reason=reason)
    return (await _said(tx, ctx, actor, [lifted]))[0]


def _theirs(actor: Person) -> Select[Any]:
    """The patients whose records the actor may hold: of visits that were booked, not only offered or kept for them."""
    visits = select(appointment.c.patient_id).where(appointment.c.settled_at.is_not(None))
    return visits if actor.platform_admin else visits.where(appointment.c.centre_id.in_(actor.administers))


async def _said(tx: Tx, ctx: Context, actor: Person, holds: list[Hold]) -> list[HeldPatient]:
    subjects = {hold.subject for hold in holds}
    known = subjects
    if actor.platform_admin:
        at_own = select(appointment.c.patient_id).where(
            appointment.c.patient_id.in_(subjects),
            appointment.c.settled_at.is_not(None),
            appointment.c.centre_id.in_(actor.administers),
        )
        known = set((await tx.conn.execute(at_own)).scalars())
    names = await patient_names(tx, ctx, known)
    accounts = await tx.conn.execute(
        select(patient.c.id, person.c.mxid)
        .join(person, person.c.id == patient.c.person_id)
        .where(patient.c.id.in_(subjects))
    )
    ids = {row.id: row.mxid for row in accounts}
    admins = await mxids_of(tx, [hold.placed_by for hold in holds])
    return [
        HeldPatient(
            hold,
            names.get(hold.subject) or ids.get(hold.subject) or str(hold.subject),
            admins.get(hold.placed_by, ""),
        )
        for hold in holds
    ]
