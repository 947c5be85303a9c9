"""Thousands of visits and people at once, as rows: what the services would write, without their time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from booking.directory.model import Service
from core.database import Tx
from core.ids import new_code
from core.tables import Moment

_PATIENTS = text("""
    WITH people AS (
        INSERT INTO person (id, mxid, timezone, created_at)
        SELECT gen_random_uuid(), '@patient' || CAST(:series AS text) || n || '.localhost', 'Europe/Berlin', :now
        FROM generate_series(1, :count) AS n
        RETURNING id
    )
    INSERT INTO patient (id, person_id, created_at)
    SELECT gen_random_uuid(), id, :now FROM people
    RETURNING id, person_id
""").bindparams(bindparam("now", type_=Moment))
_TAKEN = text("""
    INSERT INTO occupancy (resource_id, busy, appointment_id)
    SELECT practitioner_id, during, id FROM appointment WHERE service_id = :service
    UNION ALL SELECT patient_id, during, id FROM appointment WHERE service_id = :service
""").bindparams(bindparam("service", type_=Uuid()))
_KNOWN = text("SELECT code FROM appointment WHERE code = ANY (:codes)").bindparams(
    bindparam("codes", type_=ARRAY(Text()))
)
_VISITS = text("""
    INSERT INTO appointment (
        id, code, status, service_id, practitioner_id, centre_id, patient_id, booked_by, during, price_amount,
        price_currency, free_until, late_refund_percent, settled_at, sequence, created_at, updated_at
    )
    SELECT gen_random_uuid(), v.code, 'booked', s.id, s.practitioner_id, s.centre_id, v.patient, p.person_id,
        tstzrange(v.start, v.start + s.minutes * interval '1 minute'), s.price_amount, s.price_currency, v.start, 0,
        :settled, 0, :settled, :settled
    FROM unnest(:codes, :patients, :starts) AS v (code, patient, start)
    JOIN service s ON s.id = :service
    JOIN patient p ON p.id = v.patient
""").bindparams(
    bindparam("codes", type_=ARRAY(Text())),
    bindparam("patients", type_=ARRAY(Uuid())),
    bindparam("starts", type_=ARRAY(Moment())),
    bindparam("service", type_=Uuid()),
    bindparam("settled", type_=Moment()),
)


async def patients(tx: Tx, count: int, series: str = "") -> list[UUID]:
    """Make so many patients with accounts; returns the patients' ids."""
    found = await tx.conn.execute(_PATIENTS, {"count": count, "series": series, "now": tx.now})
    return [row.id for row in found]


async def visits(
    tx: Tx, service: Service, starts: list[datetime], whose: list[UUID], settled: datetime, *, taking: bool = True
) -> None:
    """Book a service at each of the starts, for the patients in turn. `settled`: since when they are booked.

    Not `taking` the time, many can be at one time.
    """
    values = {
        "codes": await _new_codes(tx, len(starts)),
        "patients": [whose[n % len(whose)] for n in range(len(starts))],
        "starts": starts,
        "service": service.id,
        "settled": settled,
    }
    await tx.conn.execute(_VISITS, values)
    if taking:
        await tx.conn.execute(_TAKEN, {"service": service.id})


async def _new_codes(tx: Tx, count: int) -> list[str]:
    """So many codes that no visit has: of a million, thousands have been drawn before."""
    codes: set[str] = set()
    while len(codes) < count:
        drawn = {new_code() for _ in range(count - len(codes))}
        codes |= drawn - set((await tx.conn.execute(_KNOWN, {"codes": [*drawn]})).scalars())
    return [*codes]
