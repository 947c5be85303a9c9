"""From when on each service can be free, so that a search computes the times of few of them.

`soonest` is a lower bound: no start before it is free. Taking times only makes it less sharp; whatever frees a time
puts the service into `freed` in its own transaction, by triggers of the migration 0015_finding, and until `refresh` has
looked at it again nothing is known of it. Searches read this; they write nothing, and wait for nobody.

For wishes of days ahead, `free_ahead` has the first start of each stretch of six hours, which makes it a lower bound of
every time from such a stretch on: what has no row in one has nothing free there. It holds until `known_until`, where a
row stands for all that comes behind it.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
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
    # Up to when `free_ahead` has its starts, and when they are worth another look; -infinity: they are unknown.
    Column("known_until", Moment, nullable=False, server_default="-infinity"),
    Column("ahead_stale_at", Moment, nullable=False, index=True, server_default="-infinity"),
)
Index("ix_next_free_known_until", next_free.c.specialty, next_free.c.known_until)
_PRICE = (next_free.c.price_currency, next_free.c.price_amount, next_free.c.service_id)
Index("ix_next_free_soonest", next_free.c.specialty, next_free.c.soonest, *_PRICE, postgresql_include=["mode"])
Index("ix_next_free_price", next_free.c.specialty, *_PRICE, postgresql_include=["mode"])

free_ahead = Table(
    "free_ahead",
    metadata,
    Column("service_id", Uuid, ForeignKey("next_free.service_id", ondelete="CASCADE"), primary_key=True),
    Column("starts", Moment, primary_key=True),
    # As the service has them.
    Column("specialty", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("price_amount", Integer, nullable=False),
)
_AHEAD_PRICE = (free_ahead.c.price_currency, free_ahead.c.price_amount, free_ahead.c.service_id)
Index("ix_free_ahead_starts", free_ahead.c.specialty, free_ahead.c.starts, *_AHEAD_PRICE, postgresql_include=["mode"])

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
_STRETCH = timedelta(hours=6)
"""So that midnight falls, wherever most people live, into a stretch in whose hours before it hardly anybody works."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER, _FOR_EVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=35)
"""How far `free_ahead` reaches when it is computed, which is once a day at least."""
_MOST_AHEAD = 1_000
"""Services whose weeks are computed in one go: each takes about a millisecond."""
_KEEPER = 0x6E657874
"""The lock of whoever refreshes: of two, the one who looked earlier must not write later."""
_LOOKS = (2 * _DAY, 14 * _DAY, 90 * _DAY, 731 * _DAY)
# Who edits a service has its row, and makes it unknown: that one is passed over.
_WRITE = text("""
    WITH known AS (
        SELECT n.service_id, k.soonest, k.stale_at, k.most
        FROM unnest(:services, :moments, :stale, :most) AS k (service_id, soonest, stale_at, most)
        JOIN next_free n ON n.service_id = k.service_id
        FOR UPDATE OF n SKIP LOCKED
    )
    UPDATE next_free SET soonest = known.soonest, stale_at = known.stale_at,
        known_until = LEAST(known_until, known.most), ahead_stale_at = LEAST(ahead_stale_at, known.most)
    FROM known WHERE next_free.service_id = known.service_id
    RETURNING next_free.service_id
""").bindparams(
    bindparam("services", type_=ARRAY(Uuid())),
    bindparam("moments", type_=ARRAY(Moment())),
    bindparam("stale", type_=ARRAY(Moment())),
    bindparam("most", type_=ARRAY(Moment())),
)
# What stands there already stays: it says the same.
_WRITE_AHEAD = text("""
    WITH known AS (
        SELECT n.*, k.until
        FROM unnest(:services, :until) AS k (service_id, until)
        JOIN next_free n ON n.service_id = k.service_id
        FOR UPDATE OF n SKIP LOCKED
    ), found AS (
        SELECT known.*, f.starts
        FROM unnest(:whose, :starts) AS f (service_id, starts) JOIN known ON known.service_id = f.service_id
    ), gone AS (
        DELETE FROM free_ahead USING known
        WHERE free_ahead.service_id = known.service_id AND NOT EXISTS (
            SELECT FROM found WHERE found.service_id = free_ahead.service_id AND found.starts = free_ahead.starts
        )
    ), new AS (
        INSERT INTO free_ahead (service_id, starts, specialty, mode, price_currency, price_amount)
        SELECT service_id, starts, specialty, mode, price_currency, price_amount FROM found
        ON CONFLICT DO NOTHING
    )
    UPDATE next_free SET known_until = known.until, ahead_stale_at = :stale
    FROM known WHERE next_free.service_id = known.service_id
""").bindparams(
    bindparam("services", type_=ARRAY(Uuid())),
    bindparam("until", type_=ARRAY(Moment())),
    bindparam("whose", type_=ARRAY(Uuid())),
    bindparam("starts", type_=ARRAY(Moment())),
    bindparam("stale", type_=Moment()),
)


def stretch_of(moment: datetime) -> datetime:
    """Return when the stretch of six hours began in which a moment lies."""
    return moment - (moment - _EPOCH) % _STRETCH


async def refresh(tx: Tx) -> int:
    """Compute the bounds that are unknown, stale or freed; returns of how many. Run it every few seconds."""
    if not (await tx.conn.execute(select(func.pg_try_advisory_xact_lock(_KEEPER)))).scalar_one():
        return 0
    # What is freed after this look stays in `freed`, whether the times below were computed before or after it.
    told = (await tx.conn.execute(select(freed.c.id, freed.c.service_id).order_by(freed.c.id).limit(_MOST))).all()
    again = {row.service_id for row in told}
    stale = select(next_free.c.service_id).where(next_free.c.stale_at <= tx.now).order_by(next_free.c.stale_at)
    wanted = again | set((await tx.conn.execute(stale.limit(_MOST))).scalars())
    ahead = await _to_look_ahead(tx, again)
    if not wanted and not ahead:
        return 0
    all_of = select(model.service).where(model.service.c.id.in_(wanted | ahead), model.service.c.active)
    services = [reading.service_from(row) for row in await tx.conn.execute(all_of)]
    near = [each for each in services if each.id in wanted]
    known: dict[UUID, datetime] = {}
    for n in range(0, len(near), _AT_ONCE):
        known |= await _soonest(tx, near[n : n + _AT_ONCE])
    far = [each for each in services if each.id in ahead]
    starts: dict[UUID, list[datetime]] = {}
    for n in range(0, len(far), _AT_ONCE):
        starts |= await _ahead(tx, far[n : n + _AT_ONCE])
    # Nothing is locked before all is computed.
    unknown = {each.id for each in near} - await _write(tx, near, known, again)
    done = [row.id for row in told if row.service_id not in unknown]
    await tx.conn.execute(delete(freed).where(freed.c.id.in_(done)))
    await _write_ahead(tx, far, starts)
    return len(wanted | ahead)


async def _to_look_ahead(tx: Tx, again: Collection[UUID]) -> set[UUID]:
    """Return of whom the weeks to come are computed now: what was freed, and what was looked at a day ago."""
    first = {*islice(again, _MOST_AHEAD)}
    due = select(next_free.c.service_id).where(next_free.c.ahead_stale_at <= tx.now)
    due = due.order_by(next_free.c.ahead_stale_at).limit(_MOST_AHEAD - len(first))
    return first | set((await tx.conn.execute(due)).scalars())


async def _write(tx: Tx, near: Sequence[Service], known: dict[UUID, datetime], again: Collection[UUID]) -> set[UUID]:
    """Returns which were written. Of what was freed, the weeks to come are not known any more."""
    written = await tx.conn.execute(
        _WRITE,
        {
            "services": [each.id for each in near],
            "moments": [known[each.id] for each in near],
            "stale": [_stale_at(tx, each, known[each.id]) for each in near],
            "most": [_NEVER if each.id in again else _FOR_EVER for each in near],
        },
    )
    return set(written.scalars())


async def _ahead(tx: Tx, services: Sequence[Service]) -> dict[UUID, list[datetime]]:
    """Return the first start of each in each stretch, and the moment from which on nothing is known."""
    times = await free_times_of(tx, services, tx.now, tx.now + AHEAD, holds=False)
    first: dict[UUID, dict[datetime, datetime]] = {each.id: {} for each in services}
    for service_id, starts in times.items():
        for start in starts:
            first[service_id].setdefault(stretch_of(start), start)
    return {each.id: [*first[each.id].values(), _known_until(tx, each)] for each in services}


def _known_until(tx: Tx, service: Service) -> datetime:
    return tx.now + min(AHEAD, timedelta(days=service.window_days))


async def _write_ahead(tx: Tx, far: Sequence[Service], starts: dict[UUID, list[datetime]]) -> None:
    await tx.conn.execute(
        _WRITE_AHEAD,
        {
            "services": [each.id for each in far],
            "until": [_known_until(tx, each) for each in far],
            "whose": [each.id for each in far for _ in starts[each.id]],
            "starts": [start for each in far for start in starts[each.id]],
            "stale": tx.now + _DAY,
        },
    )


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
