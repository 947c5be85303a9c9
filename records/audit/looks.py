"""Who looked, for people: entries of a day that say the same, taken together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, text

from core.database import Tx
from core.tables import Moment
from records.access import Kind, Reader, require_read
from records.audit.model import audit_event
from records.audit.rules import Action
from records.audit.service import note_by

_E = audit_event.c


@dataclass(frozen=True, slots=True)
class Look:
    """What one did with one kind of a patient's records for one reason in a day."""

    patient_id: UUID
    actor: UUID | None
    """A person; None: the service, or a pharmacy."""
    action: str
    table: str
    why: str
    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Looks:
    """A page of them, the latest first, and how often one has looked oneself."""

    others: tuple[Look, ...]
    more: bool
    own: int


async def looks_at(
    tx: Tx, reader: Reader, patients: Collection[UUID], *, zone: str, before: datetime, skip: int, most: int
) -> Looks:
    """Who read or wrote these patients' records, by days of a time zone. For who speaks for them.

    `before`: only what was noted until then, so that pages do not shift. What the reader did themselves is counted.
    Raises RefusedError.
    """
    wanted = sorted(patients)
    by = {patient: require_read(reader, Kind.AUDIT, patient) for patient in wanted}
    about = (_E.subject.in_(wanted), _E.at <= bindparam("before", before, type_=Moment))
    theirs = _E.actor == reader.person_id
    same = (_E.subject, func.date_trunc("day", func.timezone(zone, _E.at)), _E.actor, _E.action, _E.table_name, _E.why)
    found = await tx.conn.execute(
        select(
            _E.subject, _E.actor, _E.action, _E.table_name, _E.why, func.count().label("n"), func.max(_E.at).label("at")
        )
        .where(*about, theirs.is_not(True))
        .group_by(*same)
        .order_by(func.max(_E.at).desc(), func.max(text("id::text")).desc())
        .offset(skip)
        .limit(most + 1)
    )
    rows = found.all()
    own = (await tx.conn.execute(select(func.count()).where(*about, theirs))).scalar_one()
    for patient in wanted:
        await note_by(tx, reader, by[patient], Action.READ, subject=patient, table=audit_event.name)
    others = [Look(row.subject, row.actor, row.action, row.table_name, row.why, row.n, row.at) for row in rows[:most]]
    return Looks(tuple(others), len(rows) > most, own)
