"""Find a patient of a centre by name, and keep the index that this takes.

Rows are not written where visits are booked, which stays as fast as it was: whatever is missing (a patient who came
since, a changed name, a new key) is filled in by a job of every replica, centre after centre, and for its own centre by
the search itself.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_administer, require
from booking.appointments.model import Appointment, appointment
from booking.appointments.reading import found_appointments
from booking.context import Context
from booking.directory.model import centre
from booking.lookup.model import patient_lookup
from booking.lookup.rules import FORM, normal
from booking.people.model import NAME, patient
from booking.people.service import Person, patient_names
from core.database import Tx
from core.errors import BadInputError
from records.audit.rules import Action, Why
from records.audit.service import note
from records.blind import SUBJECT, blind

_AT_ONCE = 2000
_VISITS_AT_MOST = 40
_FIRST = UUID(int=0)
_index = patient_lookup.c


@dataclass(frozen=True, slots=True)
class Found:
    """The visits at a centre of all its patients of a name."""

    visits: tuple[Appointment, ...]
    """Latest first, 40 at the most."""
    patients: int
    whole: bool
    """False while names are still being read in, which takes some minutes after the first use and after a rotation."""


async def patients_called(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, name: str) -> Found:
    """Find the visits of a centre's patients by their whole name, in any spelling and order; for its admins.

    Each patient found is noted in the audit. Raises RefusedError, BadInputError for no name.
    """
    require(may_administer(actor, centre_id))
    wanted = normal(name)
    if not wanted:
        raise BadInputError("Write the patient's whole name: patient Anna Lind")
    whole = await fill(tx, ctx, centre_id) < _AT_ONCE
    keys = await ctx.vault.keys.find(tx, SUBJECT)
    if keys is None:
        return Found((), 0, whole)
    value = blind(keys.current, wanted, centre=centre_id, column=NAME.name, form=FORM)
    rows = await tx.conn.execute(
        select(_index.patient_id).where(
            _index.centre_id == centre_id, _index.name == value, _index.key_number == keys.last
        )
    )
    names = await patient_names(tx, ctx, list(rows.scalars()))
    meant = sorted(each for each, known in names.items() if normal(known) == wanted)
    for each in meant:
        await note(tx, actor=actor.id, action=Action.READ, subject=each, table=patient.name, row=each, why=Why.REQUEST)
    visits = await found_appointments(
        tx,
        appointment.c.centre_id == centre_id,
        appointment.c.patient_id.in_(meant),
        appointment.c.settled_at.is_not(None),
        newest_first=True,
        limit=_VISITS_AT_MOST,
    )
    return Found(tuple(visits), len(meant), whole)


class Filling:
    """Fills the index of one centre after the other: a look costs what one centre has had, not what all ever had."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._before = _FIRST

    async def look(self, tx: Tx) -> int:
        """Fill that of the next centre, or go on with the last. Returns how many rows were made."""
        before = self._before
        found = await tx.conn.execute(select(centre.c.id).where(centre.c.id > before).order_by(centre.c.id).limit(1))
        centre_id = found.scalar_one_or_none()
        self._before = centre_id or _FIRST  # at once: one that cannot be filled is in no other's way
        if centre_id is None:
            return 0
        made = await fill(tx, self._ctx, centre_id)
        if made == _AT_ONCE:
            self._before = before
        return made


async def fill(tx: Tx, ctx: Context, centre_id: UUID) -> int:
    """Make a centre's rows that are missing or of an earlier key, 2,000 at once. Returns how many.

    A patient whose name is being changed at this moment is left for the next time.
    """
    keys = await ctx.vault.keys.find(tx, SUBJECT)
    treated = select(appointment.c.patient_id).where(
        appointment.c.centre_id == centre_id, appointment.c.settled_at.is_not(None)
    )
    there = select(_index.patient_id).where(
        _index.centre_id == centre_id,
        _index.patient_id == patient.c.id,
        _index.key_number == (keys.last if keys else 0),
    )
    found = await tx.conn.execute(
        select(patient.c.id, patient.c.name)
        .where(patient.c.id.in_(treated), patient.c.name.is_not(None), ~there.exists())
        .order_by(patient.c.id)
        .limit(_AT_ONCE)
        .with_for_update(read=True, of=patient, skip_locked=True)
    )
    rows = found.all()
    if not rows:
        return 0
    key = await ctx.vault.sealing_key(tx, SUBJECT)
    names = await ctx.vault.open_each(tx, [(row.id, NAME.place(row.id), row.name) for row in rows])
    values = [
        {
            "centre_id": centre_id,
            "patient_id": row.id,
            "key_number": key.number,
            "name": None
            if name is None
            else blind(key, normal(name.decode()), centre=centre_id, column=NAME.name, form=FORM),
        }
        for row, name in zip(rows, names, strict=True)
    ]
    made = insert(patient_lookup)
    await tx.conn.execute(
        made.on_conflict_do_update(
            index_elements=[_index.centre_id, _index.patient_id],
            set_={"key_number": made.excluded.key_number, "name": made.excluded.name},
        ),
        values,
    )
    return len(rows)


async def unlisted(tx: Tx, patient_ids: list[UUID]) -> None:
    """Nothing of these patients' names stays in the index: they are erased. Waits for who fills it at this moment."""
    await tx.conn.execute(
        select(patient.c.id).where(patient.c.id.in_(patient_ids)).order_by(patient.c.id).with_for_update()
    )
    await tx.conn.execute(update(patient_lookup).where(_index.patient_id.in_(patient_ids)).values(name=None))
