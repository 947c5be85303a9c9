"""Who finds which visits."""

from datetime import date

import pytest

from booking.appointments import service as visits
from booking.people.service import person_of
from core.errors import RefusedError
from core.ids import new_id
from core.timezones import zone
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, OSEI, PAUL, Clinic


async def test_what_is_to_come_is_listed_soonest_first_for_oneself_and_the_family(clinic: Clinic) -> None:
    first, second, third, *_ = await clinic.times()
    child = await clinic.child_of(ANNA)
    late = await clinic.book(ANNA, start=third)
    soon = await clinic.book(ANNA, start=first, patient_id=child)
    gone = await clinic.book(ANNA, start=second)
    await clinic.cancel(ANNA, gone)
    await clinic.book(BEN, start=second)
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        assert [each.id for each in await visits.upcoming(tx, clinic.ctx, anna)] == [soon.id, late.id]
        assert [each.id for each in await visits.past(tx, clinic.ctx, anna)] == [gone.id]
        assert await visits.past(tx, clinic.ctx, anna, child) == []


async def test_what_is_over_is_listed_latest_first(clinic: Clinic) -> None:
    first, second, *_ = await clinic.times()
    one, two = await clinic.book(start=first), await clinic.book(start=second)
    clinic.clock.move_to(two.end)
    async with clinic.tx() as tx:
        anna, ben = await person_of(tx, clinic.ctx, ANNA), await person_of(tx, clinic.ctx, BEN)
        assert [each.id for each in await visits.past(tx, clinic.ctx, anna)] == [two.id, one.id]
        assert await visits.upcoming(tx, clinic.ctx, anna) == []
        assert await visits.past(tx, clinic.ctx, ben) == []
        with pytest.raises(RefusedError):
            await visits.past(tx, clinic.ctx, ben, anna.patient.id)


async def test_a_code_is_found_as_people_type_it_by_those_concerned(clinic: Clinic) -> None:
    visit = await clinic.book()
    typed = f" {visit.code[:3].lower()}-{visit.code[3:].lower()} "
    async with clinic.tx() as tx:
        for who in (ANNA, OSEI, CLARA):
            found = await visits.by_code(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), typed)
            assert found == visit


async def test_anothers_code_looks_like_one_that_does_not_exist(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        for who in (BEN, PAUL):
            person = await person_of(tx, clinic.ctx, who)
            with pytest.raises(RefusedError) as anothers:
                await visits.by_code(tx, clinic.ctx, person, visit.code)
            with pytest.raises(RefusedError) as nobodys:
                await visits.by_code(tx, clinic.ctx, person, "000000")
            assert str(anothers.value) == str(nobodys.value)


async def test_doctors_see_their_day_and_admins_their_centres(clinic: Clinic) -> None:
    visit = await clinic.book()
    day = visit.start.astimezone(zone("Europe/Berlin")).date()
    gone = await clinic.book(BEN)
    await clinic.cancel(BEN, gone)
    async with clinic.tx() as tx:
        osei, clara = await person_of(tx, clinic.ctx, OSEI), await person_of(tx, clinic.ctx, CLARA)
        assert await visits.practitioner_day(tx, clinic.ctx, osei, day) == [visit]
        assert await visits.practitioner_day(tx, clinic.ctx, osei, day - DAY) == []
        assert await visits.centre_day(tx, clinic.ctx, clara, clinic.centre.id, day) == [visit]
        assert await visits.centre_day(tx, clinic.ctx, clara, clinic.centre.id, date(2020, 1, 1)) == []
        for who in (ANNA, PAUL, OSEI):
            with pytest.raises(RefusedError):
                await visits.centre_day(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), clinic.centre.id, day)
        for who in (ANNA, CLARA):
            with pytest.raises(RefusedError):
                await visits.practitioner_day(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), day)


async def test_an_appointment_that_does_not_exist_is_refused(clinic: Clinic) -> None:
    with pytest.raises(RefusedError):
        async with clinic.tx() as tx:
            await visits.appointment(tx, new_id())
