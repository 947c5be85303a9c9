"""Reading schedules: one query for any number of them."""

import json
from collections.abc import Collection
from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy import Boolean, Date, Text, Uuid, bindparam, column, text
from sqlalchemy.dialects.postgresql import ARRAY

from booking.schedules.opening import Schedule, Week
from booking.schedules.public_holidays import public_holidays
from booking.schedules.rules import WeeklySpan
from core.database import Tx
from core.statements import Record, Statement, unseen
from core.timezones import zone

Where = tuple[UUID, UUID]
"""A practitioner at a centre."""

# Served by ix_weekly_hours_practitioner_id and the primary key of date_hours. What has been is left out, so that years
# of changes cost nothing.
_WHAT = """
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
"""
_DATES = (bindparam("first", type_=Date()), bindparam("last", type_=Date()))
_SCHEDULES = Statement(
    text(f"""
    {_WHAT}
    FROM unnest({unseen(":practitioners", ":centres")}) AS wanted (practitioner_id, centre_id)
    JOIN centre ON centre.id = wanted.centre_id
""").bindparams(bindparam("practitioners", type_=ARRAY(Uuid())), bindparam("centres", type_=ARRAY(Uuid())), *_DATES)
)
# Of just one, as a part of a statement that does more.
SCHEDULE = (
    text(f"""
    {_WHAT}
    FROM (VALUES (:practitioner, :centre)) AS wanted (practitioner_id, centre_id)
    JOIN centre ON centre.id = wanted.centre_id
""")
    .bindparams(bindparam("practitioner", type_=Uuid()), bindparam("centre", type_=Uuid()), *_DATES)
    .columns(
        column("timezone", Text()),
        column("country", Text()),
        column("region", Text()),
        column("closed_on_holidays", Boolean()),
        column("weekly", Text()),
        column("dates", Text()),
    )
)
"""The row that `schedule_from` reads, of :practitioner at :centre, from the date :first to :last."""


async def schedules_of(tx: Tx, wanted: Collection[Where], first: date, last: date) -> dict[Where, Schedule]:
    """Return what holds on the dates from `first` to `last`, for practitioners at centres."""
    found = await tx.run(
        _SCHEDULES,
        {
            "practitioners": [practitioner for practitioner, _ in wanted],
            "centres": [centre for _, centre in wanted],
            "first": first,
            "last": last,
        },
    )
    return {(row.practitioner_id, row.centre_id): schedule_from(row) for row in found}


async def schedule_of(tx: Tx, practitioner_id: UUID, centre_id: UUID, first: date, last: date = date.max) -> Schedule:
    """Return what holds from a date on."""
    found = await schedules_of(tx, [(practitioner_id, centre_id)], first, last)
    return found[practitioner_id, centre_id]


def schedule_from(row: Record) -> Schedule:
    """Read a row of SCHEDULE."""
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
