"""Open records to somebody, close them again, see to whom they are open. Each step is in the audit."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, or_, select, update

from core.database import Tx
from core.errors import ConflictError
from core.ids import new_id
from records.access import Kind, Reader, require_read, require_write
from records.audit.rules import Action, Why
from records.audit.service import note, note_by
from records.consents.model import consent as table
from records.consents.rules import Consent, checked_grantee, checked_kinds, checked_until

_COLUMNS = [column for column in table.columns if column.name != "withdrawn_by"]


async def give_consent(
    tx: Tx,
    reader: Reader,
    patient_id: UUID,
    *,
    given_to: UUID,
    kinds: Collection[Kind],
    until: datetime | None,
    side: Collection[UUID],
) -> list[Consent]:
    """Open kinds of a patient's records to a person, in the place of what was open to them of these kinds before.

    `until`: aware; None until it is withdrawn. `side`: the persons who speak for the patient.
    For those. Raises RefusedError, BadInputError.
    """
    by = require_write(reader, Kind.CONSENT, patient_id)
    checked_grantee(given_to, reader.person_id, side)
    until = checked_until(until, tx.now)
    wanted = checked_kinds(kinds)
    await _withdraw(tx, reader, patient_id, given_to, wanted)
    made = [Consent(new_id(), patient_id, kind, given_to, reader.person_id, tx.now, until) for kind in sorted(wanted)]
    for each in made:
        values = {column.name: getattr(each, column.name) for column in _COLUMNS}
        await tx.conn.execute(insert(table).values(**values))
        await note_by(tx, reader, by, Action.WRITE, subject=patient_id, table=table.name, row=each.id)
    return made


async def withdraw_consent(
    tx: Tx, reader: Reader, patient_id: UUID, given_to: UUID, kinds: Collection[Kind] | None = None
) -> list[Consent]:
    """Close what is open to a person: all of it, or these kinds. From the commit on they read nothing of it.

    For who speaks for the patient. Raises RefusedError, ConflictError (nothing of it is open).
    """
    by = require_write(reader, Kind.CONSENT, patient_id)
    ended = await _withdraw(tx, reader, patient_id, given_to, kinds)
    if not ended:
        raise ConflictError("That is not shared with them. “share” lists what is.")
    for each in ended:
        await note_by(tx, reader, by, Action.WRITE, subject=patient_id, table=table.name, row=each.id)
    return ended


async def consents_of(tx: Tx, reader: Reader, patient_id: UUID) -> list[Consent]:
    """What is open of a patient's records, by whom it is open to; for who speaks for them. Raises RefusedError."""
    by = require_read(reader, Kind.CONSENT, patient_id)
    found = await tx.conn.execute(
        select(*_COLUMNS).where(table.c.patient_id == patient_id, _active(tx)).order_by(table.c.given_to, table.c.kind)
    )
    consents = [_consent(row) for row in found]
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=table.name)
    return consents


async def consents_to_export(tx: Tx, reader: Reader, patient_id: UUID) -> list[Consent]:
    """All that was ever opened of a patient's records, also what is over, oldest first. Raises RefusedError."""
    by = require_read(reader, Kind.CONSENT, patient_id)
    found = await tx.conn.execute(
        select(*_COLUMNS).where(table.c.patient_id == patient_id).order_by(table.c.given_at, table.c.id)
    )
    consents = [_consent(row) for row in found]
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=table.name)
    return consents


async def lapse(tx: Tx, patient_id: UUID, given_by: Collection[UUID]) -> list[Consent]:
    """End what these persons have opened of a patient's records and what still is: they speak for the patient no more.

    The caller has decided that. Returns what ended; each is in the audit, as the service's.
    """
    found = await tx.conn.execute(
        update(table)
        .where(table.c.patient_id == patient_id, table.c.given_by.in_(sorted(given_by)), _active(tx))
        .values(until=tx.now)
        .returning(*_COLUMNS)
    )
    ended = sorted((_consent(row) for row in found), key=lambda each: (each.given_to, each.kind))
    for each in ended:
        await note(
            tx, actor=None, action=Action.WRITE, subject=patient_id, table=table.name, row=each.id, why=Why.REQUEST
        )
    return ended


async def open_at(tx: Tx, patient_id: UUID, moment: datetime, *, but: UUID) -> list[Consent]:
    """What was open of a patient's records a moment before `moment`, given by others than `but`.

    For who has taken these records over; the caller has seen to that. Not what a guardian withdrew before.
    """
    found = await tx.conn.execute(
        select(*_COLUMNS)
        .where(
            table.c.patient_id == patient_id,
            table.c.given_by != but,
            table.c.given_at < moment,
            or_(table.c.until.is_(None), table.c.until >= moment),
            or_(table.c.withdrawn_at.is_(None), table.c.withdrawn_at >= moment),
        )
        .order_by(table.c.given_to, table.c.kind)
    )
    return [_consent(row) for row in found]


async def given_to(tx: Tx, person_id: UUID) -> list[Consent]:
    """What is open to a person now: what a Reader is made of, and what they are told of themselves."""
    found = await tx.conn.execute(
        select(*_COLUMNS).where(table.c.given_to == person_id, _active(tx)).order_by(table.c.patient_id, table.c.kind)
    )
    return [_consent(row) for row in found]


async def _withdraw(
    tx: Tx, reader: Reader, patient_id: UUID, given_to: UUID, kinds: Collection[Kind] | None
) -> list[Consent]:
    """End what is open; what is over by its date already is marked, too, and not counted."""
    wanted = [table.c.patient_id == patient_id, table.c.given_to == given_to, table.c.withdrawn_at.is_(None)]
    if kinds is not None:
        wanted.append(table.c.kind.in_(sorted(kinds)))
    found = await tx.conn.execute(
        update(table).where(*wanted).values(withdrawn_at=tx.now, withdrawn_by=reader.person_id).returning(*_COLUMNS)
    )
    return sorted(
        (_consent(row) for row in found if row.until is None or row.until > tx.now), key=lambda each: each.kind
    )


def _active(tx: Tx) -> Any:
    return table.c.withdrawn_at.is_(None) & or_(table.c.until.is_(None), table.c.until > tx.now)


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        row.id,
        row.patient_id,
        Kind(row.kind),
        row.given_to,
        row.given_by,
        row.given_at,
        row.until,
        row.withdrawn_at,
    )
