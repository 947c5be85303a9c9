"""From when on each service can be free, so that a search computes the times of few of them.

`soonest` is a lower bound: no start before it is free. Taking times only makes it less sharp; whatever frees a time
puts the service into `freed` in its own transaction, by triggers of the migration 0015_finding, and until `refresh` has
looked at it again nothing is known of it. Searches read this; they write nothing, and wait for nobody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from booking.directory import model, reading
from booking.directory.model import Service
from booking.schedules.free import free_times_of
from core.database import Tx
from core.tables import Moment, metadata

next_free = Table(
    "next_free",
    metadata,
    Column("service_id", Uuid, ForeignKey("service.id", ondelete="CASCADE"), primary_key=True),
    # As the service has them.
    Column("specialty", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("price_amount", Integer, nullable=False),
    # -infinity: unknown.
    Column("soonest", Moment, nullable=False),
    # When its notice, or a day, makes it worth another look.
    Column("stale_at", Moment, nullable=False, index=True),
)
_PRICE = (next_free.c.price_currency, next_free.c.price_amount, next_free.c.service_id)
Index("ix_next_free_soonest", next_free.c.specialty, next_free.c.soonest, *_PRICE, postgresql_include=["mode"])
Index("ix_next_free_price", next_free.c.specialty, *_PRICE, postgresql_include=["mode"])

freed = Table(
    "freed",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("service_id", Uuid, nullable=False, index=True),
)

_AT_ONCE = 25
"""Services whose times are computed without letting others at the processor."""
_MOST = 20_000
_DAY = timedelta(days=1)
_KEEPER = 0x6E657874
"""The lock of whoever refreshes: of two, the one who looked earlier must not write later."""
_LOOKS = (2 * _DAY, 14 * _DAY, 90 * _DAY, 731 * _DAY)
# Who edits a service has its row, and makes it unknown: that one is passed over.
_WRITE = text("""
    WITH known AS (
        SELECT n.service_id, k.soonest, k.stale_at
        FROM unnest(:services, :moments, :stale) AS k (service_id, soonest, stale_at)
        JOIN next_free n ON n.service_id = k.service_id
        FOR UPDATE OF n SKIP LOCKED
    )
    UPDATE next_free SET soonest = known.soonest, stale_at = known.stale_at
    FROM known WHERE next_free.service_id = known.service_id
    RETURNING next_free.service_id
""").bindparams(
    bindparam("services", type_=ARRAY(Uuid())),
    bindparam("moments", type_=ARRAY(Moment())),
    bindparam("stale", type_=ARRAY(Moment())),
)


async def refresh(tx: Tx) -> int:
    """Compute the bounds that are unknown, stale or freed; returns how many. Run it every few seconds."""
    if not (await tx.conn.execute(select(func.pg_try_advisory_xact_lock(_KEEPER)))).scalar_one():
        return 0
    # What is freed after this look stays in `freed`, whether the times below were computed before or after it.
    told = (await tx.conn.execute(select(freed.c.id, freed.c.service_id).order_by(freed.c.id).limit(_MOST))).all()
    stale = select(next_free.c.service_id).where(next_free.c.stale_at <= tx.now).order_by(next_free.c.stale_at)
    wanted = {row.service_id for row in told} | set((await tx.conn.execute(stale.limit(_MOST))).scalars())
    if not wanted:
        return 0
    found = await tx.conn.execute(select(model.service).where(model.service.c.id.in_(wanted), model.service.c.active))
    services = [reading.service_from(row) for row in found]
    known: dict[UUID, datetime] = {}
    for n in range(0, len(services), _AT_ONCE):
        known |= await _soonest(tx, services[n : n + _AT_ONCE])
    written = await tx.conn.execute(
        _WRITE,
        {
            "services": [each.id for each in services],
            "moments": [known[each.id] for each in services],
            "stale": [_stale_at(tx, each, known[each.id]) for each in services],
        },
    )
    unknown = {each.id for each in services} - set(written.scalars())
    done = [row.id for row in told if row.service_id not in unknown]
    await tx.conn.execute(delete(freed).where(freed.c.id.in_(done)))
    return len(wanted)


def _stale_at(tx: Tx, service: Service, soonest: datetime) -> datetime:
    return min(soonest - timedelta(minutes=service.min_notice_minutes), tx.now + _DAY)


async def _soonest(tx: Tx, services: Sequence[Service]) -> dict[UUID, datetime]:
    """Return the first start of each; the window's end if there is none: what comes into the window starts later."""
    known: dict[UUID, datetime] = {}
    left, start = list(services), tx.now
    for ahead in _LOOKS:
        first = await free_times_of(tx, left, start, tx.now + ahead, limit=1, holds=False)
        known |= {service_id: times[0] for service_id, times in first.items() if times}
        left, start = [each for each in left if each.id not in known], tx.now + ahead
        if not left:
            break
    return known | {each.id: tx.now + timedelta(days=each.window_days) for each in left}
