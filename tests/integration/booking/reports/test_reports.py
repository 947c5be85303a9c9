"""A report counts what was booked, used, missed and earned, for those who run the centre."""

from datetime import date, timedelta

import pytest

from booking.appointments import service as visits
from booking.appointments.service import Appointment
from booking.people.service import person_of
from booking.reports.model import Figures, Report
from booking.reports.service import make_report, report_of
from booking.schedules.service import add_time_off
from core.errors import BadInputError, RefusedError
from core.money import Money
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, OSEI, PRICE, Clinic


async def _report(clinic: Clinic, first: date, last: date, asker: str = CLARA) -> Report:
    async with clinic.tx() as tx:
        person = await person_of(tx, clinic.ctx, asker)
        return await make_report(tx, clinic.ctx, person, clinic.centre.id, first, last)


async def _book(clinic: Clinic, mxid: str, nth: int) -> Appointment:
    """The nth free time of the day after tomorrow's day."""
    start = (await clinic.times(count=nth + 1))[nth]
    async with clinic.tx() as tx:
        person = await person_of(tx, clinic.ctx, mxid)
        return await visits.book(
            tx, clinic.ctx, person, service_id=clinic.desk.id, start=start, patient_id=person.patient.id
        )


async def test_it_counts_what_became_of_each_visit(clinic: Clinic) -> None:
    done = await _book(clinic, ANNA, 0)
    missed = await _book(clinic, BEN, 1)
    gone = await _book(clinic, ANNA, 2)
    async with clinic.tx() as tx:
        await visits.cancel(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), gone.id)
    clinic.clock.move_to(missed.start + HOUR)
    async with clinic.tx() as tx:
        doctor = await person_of(tx, clinic.ctx, OSEI)
        await visits.fulfil(tx, clinic.ctx, doctor, done.id)
        await visits.no_show(tx, clinic.ctx, doctor, missed.id)
    first, last = done.start.date() - DAY, gone.start.date() + DAY
    made = await _report(clinic, first, last)
    days = (last - first).days + 1
    assert made.total == Figures(booked=3, done=1, cancelled=1, missed=1, taken=40, opened=made.total.opened)
    assert abs(made.total.opened - days * 1440) <= 60  # round the clock, on days of 23 to 25 hours
    assert made.total == made.doctors[clinic.doctor.name]
    assert sum(made.by_day.values()) == 2
    assert list(made.by_day) == [first + n * DAY for n in range(days)]
    assert made.at_the_desk == (PRICE,)
    assert made.earned == ()
    assert made.first_free is not None
    assert made.first_free <= HOUR
    async with clinic.tx() as tx:
        again = await report_of(tx, made.id)
    assert (again.total, again.by_day, again.at_the_desk) == (made.total, made.by_day, made.at_the_desk)


async def test_time_off_is_not_open(clinic: Clinic) -> None:
    start = clinic.now.replace(hour=12, minute=0, second=0, microsecond=0) + 3 * DAY
    first, last = start.date() - DAY, start.date() + DAY
    before = (await _report(clinic, first, last)).total.opened
    async with clinic.tx() as tx:
        await add_time_off(
            tx, clinic.ctx, await person_of(tx, clinic.ctx, OSEI), clinic.doctor.id, start, start + 3 * HOUR
        )
    assert (await _report(clinic, first, last)).total.opened == before - 180


async def test_only_who_runs_the_centre_may_ask(clinic: Clinic) -> None:
    for asker in (ANNA, OSEI):
        with pytest.raises(RefusedError):
            await _report(clinic, clinic.now.date(), clinic.now.date(), asker)


async def test_a_span_that_is_none_is_refused(clinic: Clinic) -> None:
    today = clinic.now.date()
    with pytest.raises(BadInputError, match="before the first"):
        await _report(clinic, today, today - DAY)
    with pytest.raises(BadInputError, match="a year at the most"):
        await _report(clinic, today - timedelta(days=400), today)


async def test_other_days_do_not_count(clinic: Clinic) -> None:
    visit = await _book(clinic, ANNA, 0)
    made = await _report(clinic, visit.start.date() + 2 * DAY, visit.start.date() + 4 * DAY)
    assert (made.total.booked, made.earned, made.at_the_desk) == (0, (), ())
    assert Money("EUR", 0) not in made.earned
