"""Reading schedules: one query for any number of them."""

import json
from collections.abc import Collection
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, Text, Uuid, bindparam, column, text
from sqlalchemy.dialects.postgresql import ARRAY

from booking.schedules.opening import Schedule, Week
from booking.schedules.public_holidays import public_holidays
from booking.schedules.rules import WeeklySpan
from core.database import Tx
from core.statements import Record, Statement
from core.timezones import zone

Where = tuple[UUID, UUID]
"""A practitioner at a centre."""

# Served by ix_weekly_hours_practitioner_id and the primary key of date_hours. What has been is left out, so that years
# of changes cost nothing.
SCHEDULES = (
    text("""
    SELECT wanted.practitioner_id, wanted.centre_id,
        centre.timezone, centre.country, centre.region, centre.closed_on_holidays,
        (
            SELECT json_agg(json_build_array(service_id, valid_from, valid_until, weekday, starts, ends))
            FROM weekly_hours AS each
            WHERE each.practitioner_id = wanted.practitioner_id AND each.centre_id = wanted.centre_id
              AND valid_from <= :last AND (valid_until IS NULL OR valid_until > :first)
        )::text AS weekly,
        (
            SELECT json_agg(json_build_array(day, (
                SELECT json_agg(json_build_array(lower(span), upper(span)) ORDER BY span) FROM unnest(hours) AS span
            )))
            FROM date_hours AS each
            WHERE each.practitioner_id = wanted.practitioner_id AND each.centre_id = wanted.centre_id
              AND day BETWEEN :first AND :last
        )::text AS dates
    FROM unnest(:practitioners, :centres) AS wanted (practitioner_id, centre_id)
    JOIN centre ON centre.id = wanted.centre_id
""")
    .bindparams(
        bindparam("practitioners", type_=ARRAY(Uuid())),
        bindparam("centres", type_=ARRAY(Uuid())),
        bindparam("first", type_=Date()),
        bindparam("last", type_=Date()),
    )
    .columns(
        column("practitioner_id", Uuid()),
        column("centre_id", Uuid()),
        column("timezone", Text()),
        column("country", Text()),
        column("region", Text()),
        column("closed_on_holidays", Boolean()),
        column("weekly", Text()),
        column("dates", Text()),
    )
)
"""A row for each of :practitioners at :centres, which `schedule_from` reads; from the date :first to :last."""
_SCHEDULES = Statement(SCHEDULES)


async def schedules_of(tx: Tx, wanted: Collection[Where], first: date, last: date) -> dict[Where, Schedule]:
    """Return what holds on the dates from `first` to `last`, for practitioners at centres."""
    found = await tx.run(_SCHEDULES, asked(wanted, first, last))
    return {(row.practitioner_id, row.centre_id): schedule_from(row) for row in found}


def asked(wanted: Collection[Where], first: date, last: date) -> dict[str, Any]:
    """Return the values with which SCHEDULES is asked."""
    return {
        "practitioners": [practitioner for practitioner, _ in wanted],
        "centres": [centre for _, centre in wanted],
        "first": first,
        "last": last,
    }


async def schedule_of(tx: Tx, practitioner_id: UUID, centre_id: UUID, first: date, last: date = date.max) -> Schedule:
    """Return what holds from a date on."""
    found = await schedules_of(tx, [(practitioner_id, centre_id)], first, last)
    return found[practitioner_id, centre_id]


def schedule_from(row: Record) -> Schedule:
    """Read a row of SCHEDULES."""
    weeks: dict[str | None, dict[tuple[str, str | None], list[WeeklySpan]]] = {}
    for service_id, begins, ends, weekday, first, last in json.loads(row.weekly or "[]"):
        weeks.setdefault(service_id, {}).setdefault((begins, ends), []).append(WeeklySpan(weekday, first, last))
    made = {
        service_id: tuple(
            Week(tuple(spans), date.fromisoformat(begins), date.fromisoformat(ends) if ends else None)
            for (begins, ends), spans in by_time.items()
        )
        for service_id, by_time in weeks.items()
    }
    return Schedule(
        zone=zone(row.timezone),
        weeks=made.pop(None, ()),
        services={UUID(service_id): each for service_id, each in made.items()},
        dates={
            date.fromisoformat(day): tuple((start, end) for start, end in hours or ())
            for day, hours in json.loads(row.dates or "[]")
        },
        holidays=partial(public_holidays, row.country, row.region) if row.closed_on_holidays else None,
    )
