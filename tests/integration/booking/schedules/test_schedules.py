"""Hours, time off and what follows: the free times that the database's rows say, and none else."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from booking.directory.model import Mode, Service, practitioner_role
from booking.people.service import person_of
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import (
    add_time_off,
    free_times,
    free_times_of,
    hours_of,
    is_free,
    remove_time_off,
    set_hours,
    time_off_of,
)
from core.errors import BadInputError, RefusedError
from core.ids import new_id
from tests.integration.booking.town import NOW, TODAY, Town, at

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NINE_TO_FIVE = tuple(WeeklySpan(day, 540, 1020) for day in range(5))


async def free(town: Town, service: Service, start: datetime, end: datetime) -> list[datetime]:
    async with town.database.transaction() as tx:
        return await free_times(tx, service, start, end)


async def test_free_times_are_the_hours_on_the_grid_less_what_is_taken(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "mon-fri 9-12, 14-15:15", minutes=30, grid_minutes=30)
    await town.take(service, (at(1, 9), at(1, 9, 45)))
    assert await free(town, service, at(1, 0), at(2, 0)) == [
        at(1, 8), at(1, 8, 30), at(1, 10), at(1, 10, 30), at(1, 13), at(1, 13, 30),
    ]  # fmt: skip
    assert await free(town, service, at(5, 0), at(7, 0)) == [], "there is nothing at the weekend"


async def test_a_visit_s_buffers_keep_their_distance_from_others(town: Town) -> None:
    centre = await town.centre()
    how = {"minutes": 20, "grid_minutes": 10, "buffer_before": 10, "buffer_after": 20}
    service = await town.offer(centre, "Dr Ama Osei", "mon-fri 9-11", **how)
    await town.take(service, (at(1, 9), at(1, 9, 10)))
    assert await free(town, service, at(1, 0), at(2, 0)) == [
        at(1, 8), at(1, 8, 10), at(1, 8, 20), at(1, 9, 20), at(1, 9, 30), at(1, 9, 40),
    ]  # fmt: skip


async def test_an_expired_hold_is_free_again(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "mon-fri 9-10")
    await town.take(service, (at(1, 8), at(1, 9)), expires_at=NOW + 31 * MINUTE)
    assert await free(town, service, at(1, 0), at(2, 0)) == []
    town.clock.time += 31 * MINUTE
    assert await free(town, service, at(1, 0), at(2, 0)) == [at(1, 8), at(1, 8, 30)]


async def test_notice_and_window_bound_what_is_offered(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "daily 0-24", min_notice_minutes=95, window_days=3)
    found = await free(town, service, NOW - DAY, NOW + 30 * DAY)
    assert found[0] == NOW + 120 * MINUTE
    assert found[-1] == NOW + 3 * DAY - 30 * MINUTE
    assert not await free(town, service, NOW - 9 * DAY, NOW)


async def test_is_free_takes_nothing_but_a_start_that_is_offered(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei")
    async with town.database.transaction() as tx:
        assert await is_free(tx, service, at(1, 8, 30))
        off_grid, at_night, past, too_late_to_end = at(1, 8, 40), at(1, 2), at(30, 8, month=11), at(1, 15, 45)
        for start in (off_grid, at_night, past, too_late_to_end, at(1, 8, 30) + timedelta(seconds=1)):
            assert not await is_free(tx, service, start)
        with pytest.raises(ValueError, match="time zone"):
            await is_free(tx, service, datetime(2026, 12, 1, 9))  # noqa: DTZ001


async def test_hours_are_wall_times_on_both_sides_of_a_clock_change(town: Town) -> None:
    town.clock.time = datetime(2027, 3, 26, tzinfo=UTC)
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "daily 9-9:30")
    found = await free(town, service, town.clock.time, town.clock.time + 4 * DAY)
    assert [start.hour for start in found] == [8, 8, 7, 7]


async def test_hours_from_a_date_on_leave_those_before_as_they_were(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "mon-fri 9-17")
    doctor = service.practitioner_id
    actor = await town.paul()
    async with town.database.transaction() as tx:
        await set_hours(tx, town.ctx, actor, doctor, centre.id, [WeeklySpan(1, 600, 660)], date(2026, 12, 8))
        assert tuple(await hours_of(tx, doctor, centre.id, date(2026, 12, 7))) == NINE_TO_FIVE
        assert await hours_of(tx, doctor, centre.id, date(2026, 12, 8)) == [WeeklySpan(1, 600, 660)]
        assert len(await free_times(tx, service, at(7, 0), at(8, 0))) == 16
        assert await free_times(tx, service, at(8, 0), at(10, 0)) == [at(8, 9), at(8, 9, 30)]
    town.clock.time += 2 * DAY
    async with town.database.transaction() as tx:
        # What was to come gives way to what is said later, what has been stays.
        await set_hours(tx, town.ctx, actor, doctor, centre.id, [], None)
        assert await hours_of(tx, doctor, centre.id, date(2026, 12, 8)) == []
        assert tuple(await hours_of(tx, doctor, centre.id, TODAY)) == NINE_TO_FIVE


async def test_of_two_who_set_hours_at_once_one_s_hours_hold(town: Town) -> None:
    centre = await town.centre()
    doctor = await town.doctor(centre)
    actor = await town.paul()

    async def set_to(span: WeeklySpan) -> None:
        async with town.database.transaction() as tx:
            await set_hours(tx, town.ctx, actor, doctor.id, centre.id, [span])

    for _ in range(5):
        await asyncio.gather(*(set_to(WeeklySpan(day, 600, 660)) for day in range(6)))
        async with town.database.transaction() as tx:
            assert len(await hours_of(tx, doctor.id, centre.id, TODAY)) == 1


async def test_hours_of_the_past_or_of_a_doctor_of_another_centre_are_refused(town: Town) -> None:
    centre, other = await town.centre(), await town.centre("Skin Centre")
    doctor = await town.doctor(centre)
    actor = await town.paul()
    async with town.database.transaction() as tx:
        with pytest.raises(BadInputError, match="past"):
            await set_hours(tx, town.ctx, actor, doctor.id, centre.id, NINE_TO_FIVE, TODAY - DAY)
        with pytest.raises(BadInputError, match="does not work at Skin Centre"):
            await set_hours(tx, town.ctx, actor, doctor.id, other.id, NINE_TO_FIVE)


async def test_hours_and_time_off_are_set_by_the_doctor_and_the_centre_alone(town: Town) -> None:
    centre = await town.centre()
    doctor = await town.doctor(centre)
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, "@anna:localhost")
        with pytest.raises(RefusedError) as known:
            await set_hours(tx, town.ctx, anna, doctor.id, centre.id, NINE_TO_FIVE)
        with pytest.raises(RefusedError) as unknown:
            await set_hours(tx, town.ctx, anna, new_id(), new_id(), NINE_TO_FIVE)
        assert str(known.value) == str(unknown.value)
        with pytest.raises(RefusedError):
            await add_time_off(tx, town.ctx, anna, doctor.id, at(1, 8), at(1, 9))
        with pytest.raises(RefusedError):
            await remove_time_off(tx, town.ctx, anna, doctor.id, at(1, 8))


async def test_time_off_is_not_offered_at_any_centre_until_it_is_taken_back(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "mon-fri 9-11")
    doctor = service.practitioner_id
    actor = await town.paul()
    async with town.database.transaction() as tx:
        await add_time_off(tx, town.ctx, actor, doctor, at(1, 8, 30), at(3, 0))
        assert await time_off_of(tx, doctor) == [(at(1, 8, 30), at(3, 0))]
        assert await free_times(tx, service, at(1, 0), at(3, 12)) == [
            at(1, 8), at(3, 8), at(3, 8, 30), at(3, 9), at(3, 9, 30),
        ]  # fmt: skip
        assert await remove_time_off(tx, town.ctx, actor, doctor, at(2, 12)) == 1
        assert len(await free_times(tx, service, at(1, 0), at(3, 12))) == 12


@pytest.mark.parametrize(
    ("start", "end"), [(at(2, 8), at(2, 8)), (at(3, 8), at(2, 8)), (NOW - DAY, NOW), (at(1, 0), at(1, 0) + 400 * DAY)]
)
async def test_time_off_that_cannot_be_is_refused(town: Town, start: datetime, end: datetime) -> None:
    centre = await town.centre()
    doctor = await town.doctor(centre)
    actor = await town.paul()
    async with town.database.transaction() as tx:
        with pytest.raises(BadInputError):
            await add_time_off(tx, town.ctx, actor, doctor.id, start, end)


async def test_a_doctor_is_taken_at_all_centres_and_each_keeps_its_own_zone(town: Town) -> None:
    berlin, penang = await town.centre(), await town.centre("Island Clinic", "George Town")
    doctor = await town.doctor(berlin, hours="mon-fri 9-11")
    async with town.database.transaction() as tx:
        await tx.conn.execute(insert(practitioner_role).values(practitioner_id=doctor.id, centre_id=penang.id))
    await town.hours(doctor, penang, "mon-fri 15-17")
    here = await town.service(doctor, berlin)
    there = await town.service(doctor, penang, mode=Mode.ONLINE, minutes=60)
    await town.take(here, (at(1, 8), at(1, 8, 30)))
    async with town.database.transaction() as tx:
        found = await free_times_of(tx, [here, there], at(1, 0), at(2, 0))
    assert found == {here.id: [at(1, 8, 30), at(1, 9), at(1, 9, 30)], there.id: [at(1, 7)]}
