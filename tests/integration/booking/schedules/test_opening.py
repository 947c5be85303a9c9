"""Dates that differ, weeks that end, hours of one service, holidays, rooms and groups, on the database's rows."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking.directory.model import Centre, Service
from booking.directory.reading import practitioner
from booking.directory.resources import add_resource, book_along, remove_resource
from booking.directory.service import add_role
from booking.people.service import person_of
from booking.schedules import changes, occupancy
from booking.schedules.model import weekly_hours
from booking.schedules.occupancy import Need
from booking.schedules.reading import schedule_of
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import free_times, hours_of, is_free, set_date, set_hours
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from tests.integration.booking.clinic import ANNA, PAUL
from tests.integration.booking.town import NOW, TODAY, Town, at

DAY = timedelta(days=1)
NINE_TO_TEN = (540, 600)


@pytest.fixture
async def centre(town: Town) -> Centre:
    return await town.centre()


@pytest.fixture
async def service(town: Town, centre: Centre) -> Service:
    """Dr Osei, from 9 to 11 on working days, half an hour each."""
    return await town.offer(centre, "Dr Ama Osei", "mon-fri 9-11")


async def on(town: Town, service: Service, day: int, month: int = 12) -> list[str]:
    """The free times of a day, on the walls of Berlin in winter."""
    async with town.database.transaction() as tx:
        found = await free_times(tx, service, at(day, 0, month=month) - timedelta(hours=1), at(day, 23, month=month))
    return [f"{each + timedelta(hours=1):%H:%M}" for each in found]


async def make(town: Town, change: changes.Change, *, sure: bool = True) -> int:
    actor = await town.paul()
    async with town.database.transaction() as tx:
        return len(await changes.make(tx, town.ctx, actor, change, sure=sure))


async def test_a_date_that_differs_stands_in_for_the_week_until_it_is_as_usual(
    town: Town, centre: Centre, service: Service
) -> None:
    doctor, actor = service.practitioner_id, await town.paul()
    async with town.database.transaction() as tx:
        await set_date(tx, town.ctx, actor, doctor, centre.id, date(2026, 12, 2), [(840, 900), NINE_TO_TEN])
        await set_date(tx, town.ctx, actor, doctor, centre.id, date(2026, 12, 3), [])
        await set_date(tx, town.ctx, actor, doctor, centre.id, date(2026, 12, 5), [(600, 630)])
    assert await on(town, service, 1) == ["09:00", "09:30", "10:00", "10:30"]
    assert await on(town, service, 2) == ["09:00", "09:30", "14:00", "14:30"]
    assert await on(town, service, 3) == []
    assert await on(town, service, 5) == ["10:00"], "a Saturday"
    async with town.database.transaction() as tx:
        await set_date(tx, town.ctx, actor, doctor, centre.id, date(2026, 12, 3), None)
    assert len(await on(town, service, 3)) == 4


async def test_a_week_that_ends_gives_way_to_what_held_before(town: Town, centre: Centre, service: Service) -> None:
    doctor, actor = service.practitioner_id, await town.paul()
    async with town.database.transaction() as tx:
        first, last = date(2026, 12, 8), date(2026, 12, 9)
        await set_hours(tx, town.ctx, actor, doctor, centre.id, [WeeklySpan(2, 840, 900)], first, valid_until=last)
    assert len(await on(town, service, 7)) == 4
    assert await on(town, service, 8) == []
    assert await on(town, service, 9) == ["14:00", "14:30"]
    assert len(await on(town, service, 10)) == 4
    async with town.database.transaction() as tx:
        schedule = await schedule_of(tx, doctor, centre.id, TODAY)
        assert [(week.begins, week.ends) for week in schedule.weeks_from(TODAY)] == [
            (TODAY, date(2026, 12, 8)), (date(2026, 12, 8), date(2026, 12, 10)), (date(2026, 12, 10), None),
        ]  # fmt: skip


async def test_a_service_with_hours_of_its_own_has_those_and_no_others(
    town: Town, centre: Centre, service: Service
) -> None:
    doctor, actor = service.practitioner_id, await town.paul()
    async with town.database.transaction() as tx:
        osei = await practitioner(tx, doctor)
    other = await town.service(osei, centre)
    tuesday = [WeeklySpan(1, 900, 960)]
    async with town.database.transaction() as tx:
        await set_hours(tx, town.ctx, actor, doctor, centre.id, tuesday, date(2026, 12, 8), service_id=service.id)
        assert await hours_of(tx, doctor, centre.id, date(2026, 12, 8), service.id) == tuesday
        assert len(await hours_of(tx, doctor, centre.id, date(2026, 12, 8))) == 5
    assert len(await on(town, service, 7)) == 4, "not yet"
    assert await on(town, service, 8) == ["15:00", "15:30"]
    assert await on(town, service, 9) == [], "its week has Tuesdays alone"
    assert len(await on(town, other, 8)) == 4
    async with town.database.transaction() as tx:
        await set_date(tx, town.ctx, actor, doctor, centre.id, date(2026, 12, 9), [NINE_TO_TEN])
    assert await on(town, service, 9) == ["09:00", "09:30"], "a date that differs is for all services"
    async with town.database.transaction() as tx:
        await set_hours(tx, town.ctx, actor, doctor, centre.id, [], service_id=service.id)
    assert len(await on(town, service, 8)) == 4
    async with town.database.transaction() as tx:
        with pytest.raises(RefusedError):
            await set_hours(tx, town.ctx, actor, doctor, centre.id, tuesday, service_id=new_id())


async def test_a_closed_centre_opens_on_a_holiday_for_who_has_hours_of_that_date(
    town: Town, centre: Centre, service: Service
) -> None:
    assert len(await on(town, service, 25)) == 4
    await make(town, changes.HolidaysChange(centre.id, closed=True, region="Berlin"))
    assert await on(town, service, 25) == []
    assert len(await on(town, service, 24)) == 4
    async with town.database.transaction() as tx:
        assert not await is_free(tx, service, at(25, 8))
    await make(town, changes.DateChange(service.practitioner_id, centre.id, date(2026, 12, 25), (NINE_TO_TEN,)))
    assert await on(town, service, 25) == ["09:00", "09:30"]
    await make(town, changes.HolidaysChange(centre.id, closed=False, region=""))
    await make(town, changes.DateChange(service.practitioner_id, centre.id, date(2026, 12, 25), None))
    assert len(await on(town, service, 25)) == 4


async def test_a_holiday_is_the_centre_s_date_and_its_region_s(town: Town) -> None:
    penang = await town.centre("Island Clinic", "George Town")
    service = await town.offer(penang, "Dr Mei Lim", "daily 8-10", window_days=365)
    await make(town, changes.HolidaysChange(penang.id, closed=True, region="Pulau Pinang"))
    async with town.database.transaction() as tx:
        # George Town Heritage Day, 7 July: it begins on the sixth at 16:00 UTC.
        schedule = await schedule_of(tx, service.practitioner_id, penang.id, date(2027, 7, 1), date(2027, 7, 31))
        open_on = [start.isoformat() for start, _ in schedule.open_times(date(2027, 7, 6), date(2027, 7, 8))]
        assert open_on == ["2027-07-06T00:00:00+00:00", "2027-07-08T00:00:00+00:00"]
        found = await free_times(
            tx, service, at(6, 0, month=7).replace(year=2027), at(9, 0, month=7).replace(year=2027)
        )
        assert {each.day for each in found} == {6, 8}
    with pytest.raises(BadInputError, match="region"):
        await make(town, changes.HolidaysChange(penang.id, closed=True, region="Bayern"))


async def test_what_holds_a_room_stands_in_the_way_until_none_is_left(
    town: Town, centre: Centre, service: Service
) -> None:
    colleague = await town.offer(centre, "Dr Jonas Weber", "mon-fri 9-11")
    actor = await town.paul()
    async with town.database.transaction() as tx:
        device = await add_resource(tx, town.ctx, actor, centre.id, name="Ultrasound", seats=1)
        await book_along(tx, service.id, centre.id, [device.id])
        await book_along(tx, colleague.id, centre.id, [device.id])
    async with town.database.transaction() as tx:
        wanted = {colleague.practitioner_id: Need(at(1, 8), at(1, 8, 30)), device.id: Need(at(1, 8), at(1, 8, 30))}
        assert not await occupancy.take(tx, new_id(), wanted, expires_at=None)
    assert await on(town, service, 1) == ["09:30", "10:00", "10:30"]
    async with town.database.transaction() as tx:
        with pytest.raises(ConflictError, match="booked with Ultrasound"):
            await remove_resource(tx, town.ctx, actor, device.id)
        await book_along(tx, service.id, centre.id, [])
        await book_along(tx, colleague.id, centre.id, [])
        await remove_resource(tx, town.ctx, actor, device.id)
    assert len(await on(town, service, 1)) == 4


async def test_schedules_and_rooms_are_set_by_who_may_alone(town: Town, centre: Centre, service: Service) -> None:
    other = await town.centre("Skin Centre")
    doctor = service.practitioner_id
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
    for change in (
        changes.HoursChange(doctor, centre.id, (), TODAY),
        changes.DateChange(doctor, centre.id, TODAY, ()),
        changes.TimeOff(doctor, at(1, 8), at(1, 9)),
        changes.HolidaysChange(centre.id, closed=True, region=""),
        changes.ServiceChange(service.id, active=False),
    ):
        async with town.database.transaction() as tx:
            with pytest.raises(RefusedError):
                await changes.conflicts_of(tx, town.ctx, anna, change)
            with pytest.raises(RefusedError):
                await changes.make(tx, town.ctx, anna, change, sure=True)
    async with town.database.transaction() as tx:
        with pytest.raises(RefusedError):
            await add_resource(tx, town.ctx, anna, centre.id, name="Room 3")
        with pytest.raises(RefusedError):
            await add_role(tx, town.ctx, anna, doctor, other.id)
        with pytest.raises(RefusedError):
            await remove_resource(tx, town.ctx, anna, new_id())
        paul = await person_of(tx, town.ctx, PAUL)
        room = await add_resource(tx, town.ctx, paul, other.id, name="Room 1")
        with pytest.raises(RefusedError):
            await book_along(tx, service.id, centre.id, [room.id])


@pytest.mark.parametrize("day", [TODAY - DAY, TODAY + 3000 * DAY])
async def test_dates_of_the_past_and_of_a_far_future_are_refused(
    town: Town, centre: Centre, service: Service, day: date
) -> None:
    with pytest.raises(BadInputError):
        await make(town, changes.DateChange(service.practitioner_id, centre.id, day, ()))
    with pytest.raises(BadInputError):
        await make(town, changes.HoursChange(service.practitioner_id, centre.id, (), day))


async def test_hours_that_were_are_not_read_again(town: Town, centre: Centre, service: Service) -> None:
    doctor = service.practitioner_id
    async with town.database.transaction() as tx:
        osei = await practitioner(tx, doctor)
    for n in range(3):
        town.clock.time = NOW + n * DAY
        await town.hours(osei, centre, f"mon-fri 9-1{n + 1}")
    async with town.database.transaction() as tx:
        assert len((await tx.conn.execute(select(weekly_hours.c.id))).all()) == 15
        assert len((await schedule_of(tx, doctor, centre.id, TODAY + 2 * DAY)).weeks) == 1
