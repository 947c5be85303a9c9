"""The morning's list: once a day and centre, to those who run it or work there, only where somebody comes."""

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from booking.directory.model import centre
from booking.reminders.daily import daily_lists
from core.outbox import outbox
from tests.integration.booking.clinic import CLARA, DAY, HOUR, MINUTE, OSEI, Clinic

BERLIN = ZoneInfo("Europe/Berlin")


async def _run(clinic: Clinic) -> int:
    async with clinic.tx() as tx:
        return await daily_lists(tx)


async def _told(clinic: Clinic) -> list[tuple[str, str]]:
    people = {str((await clinic.person(mxid)).id): mxid for mxid in (CLARA, OSEI)}
    async with clinic.tx() as tx:
        found = await tx.conn.execute(select(outbox.c.payload).where(outbox.c.kind == "daily").order_by(outbox.c.seq))
        rows = [json.loads(payload) for payload in found.scalars()]
    return sorted((people[row["person"]], row["day"]) for row in rows)


def _seven(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(BERLIN).date(), time(7), BERLIN).astimezone(UTC)


async def test_it_goes_out_at_seven_on_the_centres_clock_and_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    morning = _seven(visit.start)
    clinic.clock.move_to(morning - MINUTE)
    assert await _run(clinic) == 0
    clinic.clock.move_to(morning)
    assert await _run(clinic) == 1
    clinic.clock.move_to(morning + HOUR)
    assert await _run(clinic) == 0
    day = visit.start.astimezone(BERLIN).date().isoformat()
    assert await _told(clinic) == [(CLARA, day), (OSEI, day)]


async def test_a_day_without_visits_has_none(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(_seven(visit.start - DAY))
    assert await _run(clinic) == 0


async def test_after_a_morning_without_service_it_is_too_late(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(_seven(visit.start) + timedelta(hours=4, minutes=1))
    assert await _run(clinic) == 0


async def test_a_centre_can_do_without(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(update(centre).values(daily_list_at=None))
    clinic.clock.move_to(_seven(visit.start))
    assert await _run(clinic) == 0
