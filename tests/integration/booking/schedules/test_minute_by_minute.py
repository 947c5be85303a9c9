"""What the database's rows say of a random doctor's week is what a look at every single minute finds."""

import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from booking.schedules.changes import HolidaysChange, make
from booking.schedules.free import free_times
from booking.schedules.model import occupancy, time_off
from booking.schedules.public_holidays import public_holidays
from booking.schedules.rules import Span, Visit, WeeklySpan, merged
from booking.schedules.service import set_date, set_hours
from core.ids import new_id
from core.timezones import zone
from tests.integration.booking.town import Town
from tests.unit.booking.schedules.minute_model import DAY, MINUTE, MinuteModel, Rule

# The first day of three around which clocks change, or a public holiday lies; and the city.
_DAYS = [
    (date(2027, 3, 27), "Berlin"),
    (date(2026, 10, 24), "Berlin"),
    (date(2026, 12, 24), "Munich"),
    (date(2027, 3, 13), "New York City"),
    (date(2026, 12, 24), "George Town"),
]


def _hours(dice: random.Random) -> tuple[int, int]:
    start, end = sorted(dice.sample(range(97), 2))
    return start * 15, end * 15


def _week(dice: random.Random) -> list[WeeklySpan]:
    return [WeeklySpan(day, *_hours(dice)) for day in range(7) if dice.random() < 0.8]


@pytest.mark.parametrize("seed", range(12))
async def test_free_times_of_random_schedules_equal_those_of_the_model(town: Town, seed: int) -> None:
    dice = random.Random(seed)
    first, city = _DAYS[seed % len(_DAYS)]
    centre = await town.centre(city=city)
    place = zone(centre.timezone)
    began = datetime.combine(first, datetime.min.time(), place).astimezone(UTC)
    now = town.clock.time = began - dice.randrange(1, 600) * MINUTE
    today = now.astimezone(place).date()
    visit = Visit(dice.choice([20, 45]), dice.choice([0, 10]), dice.choice([0, 15]), dice.choice([15, 20, 50]))
    doctor = await town.doctor(centre, hours="closed")
    service = await town.service(
        doctor,
        centre,
        minutes=visit.minutes,
        buffer_before=visit.before,
        buffer_after=visit.after,
        grid_minutes=visit.grid,
        min_notice_minutes=dice.choice([0, 700]),
    )
    actor = await town.paul()
    closed = seed % 2 == 0
    model = MinuteModel(place, [])
    busy: list[Span] = []

    def some_time() -> Span:
        start = began + dice.randrange(-300, 4000) * MINUTE
        return start, start + dice.randrange(5, 300) * MINUTE

    async with town.database.transaction() as tx:
        weeks = [(_week(dice), today, None, False), (_week(dice), first + DAY, first + DAY, False)]
        weeks += [(_week(dice) or [WeeklySpan(0, 0, 60)], first + DAY, None, True)] if dice.random() < 0.5 else []
        rules: list[Rule] = []
        for spans, begins, last, of_service in weeks:
            own = service.id if of_service else None
            await set_hours(tx, town.ctx, actor, doctor.id, centre.id, spans, begins, valid_until=last, service_id=own)
            ends = last + DAY if last else None
            if last:  # the week before holds until then, and again after it
                rules = [
                    Rule(rule.span, *validity, of_service=False)
                    for rule in rules
                    for validity in ((rule.begins, begins), (ends, None))
                ]
            rules += [Rule(span, begins, ends, of_service) for span in spans]
        model.rules = rules
        for day in {first + dice.randrange(3) * DAY}:
            model.dates[day] = [_hours(dice)] if dice.random() < 0.7 else []
            await set_date(tx, town.ctx, actor, doctor.id, centre.id, day, model.dates[day])
        if closed:
            await make(tx, town.ctx, actor, HolidaysChange(centre.id, closed=True, region=""), sure=True)
            model.holidays = frozenset(
                day for year in (2026, 2027) for day in public_holidays(centre.country, "", year)
            )
        off = some_time()
        await tx.conn.execute(
            insert(time_off).values(id=new_id(), practitioner_id=doctor.id, during=Range(*off), created_at=now)
        )
        busy.append(off)
        taken: list[Span] = []
        for _ in range(8):
            span, expires = some_time(), dice.choice([None, now - MINUTE, now + MINUTE])
            if any(span[0] < end and start < span[1] for start, end in taken):
                continue
            taken.append(span)
            values = {"resource_id": doctor.id, "appointment_id": new_id(), "busy": Range(*span), "expires_at": expires}
            await tx.conn.execute(insert(occupancy).values(**values))
            if expires is None or expires > now:
                busy.append(span)
        found = await free_times(tx, service, now, began + 3 * DAY)
    earliest = now + service.min_notice_minutes * MINUTE
    wanted = list(model.free_starts(merged(busy), visit, earliest, began + 3 * DAY, now))
    assert found == wanted
