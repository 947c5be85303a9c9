"""Approval, missed visits, series, and what staff book: on the real database."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from booking.appointments import desk, series
from booking.appointments import service as visits
from booking.appointments.model import Why
from booking.appointments.reading import moves_of
from booking.appointments.rhythm import Rhythm
from booking.appointments.service import Appointment, Status
from booking.appointments.sweep import sweep
from booking.directory.model import Patients, Payment, Service
from booking.directory.service import edit_centre
from core.errors import BadInputError, ConflictError, RefusedError
from core.timezones import zone
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, OSEI, PAUL, Clinic

Q = timedelta(minutes=30)


async def asking(clinic: Clinic) -> Service:
    """A service of which the clinic approves each booking."""
    async with clinic.tx() as tx:
        return await clinic.add_service(tx, clinic.doctor, approval=True, payment=Payment.DESK)


async def do(clinic: Clinic, mxid: str, what: object, *args: object, **how: object) -> object:
    actor = await clinic.person(mxid)
    async with clinic.tx() as tx:
        return await what(tx, clinic.ctx, actor, *args, **how)  # type: ignore[operator]


async def whys(clinic: Clinic, visit: Appointment) -> list[Why]:
    async with clinic.tx() as tx:
        return [each.why for each in await moves_of(tx, visit.id)]


async def held(clinic: Clinic, visit: Appointment) -> int:
    async with clinic.tx() as tx:
        found = await tx.conn.execute(
            text("SELECT count(*) FROM occupancy WHERE appointment_id = :id"), {"id": visit.id}
        )
        return int(found.scalar_one())


async def test_what_needs_approval_keeps_its_time_and_all_are_asked(clinic: Clinic) -> None:
    visit = await clinic.book(service=await asking(clinic))
    assert (visit.status, visit.payment) == (Status.PROPOSED, "none")
    assert await clinic.told(visit) == {("proposed", who): 1 for who in (ANNA, OSEI, CLARA)}
    with pytest.raises(ConflictError, match="taken"):
        await clinic.book(BEN, start=visit.start)
    with pytest.raises(ConflictError, match="not approved"):
        await clinic.reschedule(ANNA, visit, visit.start + DAY)
    approved = await do(clinic, CLARA, visits.approve, visit.id)
    assert isinstance(approved, Appointment)
    assert approved.status is Status.BOOKED
    assert (await clinic.told(visit))[("booked", ANNA)] == 1
    assert await whys(clinic, visit) == [Why.ASKED, Why.APPROVED]
    clinic.clock.move_to(visit.start - HOUR)
    assert not await clinic.is_free(visit.start)
    with pytest.raises(ConflictError, match="nothing to approve"):
        await do(clinic, OSEI, visits.approve, visit.id)


@pytest.mark.parametrize("mxid", [ANNA, BEN, PAUL])
async def test_only_the_clinic_approves(clinic: Clinic, mxid: str) -> None:
    visit = await clinic.book(service=await asking(clinic))
    for what in (visits.approve, visits.decline, visits.mark_mistake, visits.came_after_all):
        with pytest.raises(RefusedError):
            await do(clinic, mxid, what, visit.id)


async def test_what_is_declined_is_free_again_and_the_patient_is_told(clinic: Clinic) -> None:
    visit = await clinic.book(service=await asking(clinic))
    await do(clinic, OSEI, visits.decline, visit.id)
    assert (await clinic.visit(visit)).status is Status.CANCELLED
    assert (await clinic.told(visit))[("declined", ANNA)] == 1
    assert await clinic.is_free(visit.start)


async def test_what_nobody_approves_lapses(clinic: Clinic) -> None:
    visit = await clinic.book(service=await asking(clinic))
    assert visit.hold_until
    clinic.clock.move_to(visit.hold_until + 2 * MINUTE)
    with pytest.raises(ConflictError, match="too late"):
        await do(clinic, CLARA, visits.approve, visit.id)
    assert (await clinic.book(BEN, start=visit.start)).status is Status.BOOKED
    async with clinic.tx() as tx:
        assert await sweep(tx, clinic.ctx) == 1
    assert (await clinic.visit(visit)).status is Status.CANCELLED
    assert (await clinic.told(visit))[("not_approved", ANNA)] == 1


async def test_one_visit_that_cannot_be_given_back_keeps_no_others(clinic: Clinic) -> None:
    """Whatever is wrong with it: all are looked at in one transaction, the oldest first, again and again."""
    service = await asking(clinic)
    first = await clinic.book(service=service)
    second = await clinic.book(BEN, service=service, start=first.start + 2 * HOUR)
    async with clinic.tx() as tx:
        await tx.conn.execute(
            text("""
                CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'broken'; END
                $$
            """)
        )
        await tx.conn.execute(
            text(
                "CREATE TRIGGER broken BEFORE UPDATE ON appointment FOR EACH ROW"
                f" WHEN (NEW.id = '{first.id}') EXECUTE FUNCTION broken()"
            )
        )
    assert second.hold_until
    clinic.clock.move_to(second.hold_until + 2 * MINUTE)
    async with clinic.tx() as tx:
        assert await sweep(tx, clinic.ctx) == 1
    assert (await clinic.visit(first)).status is Status.PROPOSED
    assert (await clinic.visit(second)).status is Status.CANCELLED
    assert (await clinic.told(second))[("not_approved", BEN)] == 1
    assert (await clinic.told(first))[("not_approved", ANNA)] == 0


async def test_nobody_is_asked_to_approve_what_begins_at_once(clinic: Clinic) -> None:
    service = await asking(clinic)
    start = (await clinic.times(service))[0]
    clinic.clock.move_to(start - 90 * MINUTE)
    with pytest.raises(ConflictError, match="too soon"):
        await clinic.book(service=service, start=start)


async def test_a_patient_takes_back_what_was_asked_for(clinic: Clinic) -> None:
    visit = await clinic.book(service=await asking(clinic))
    await clinic.cancel(ANNA, visit)
    assert (await clinic.told(visit))[("cancelled", CLARA)] == 1
    assert await held(clinic, visit) == 0


async def test_who_missed_too_much_is_approved_first(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        paul = await visits_person(clinic)
        await edit_centre(tx, clinic.ctx, paul, clinic.centre.id, no_show_limit=1)
    missed = await clinic.book()
    clinic.clock.move_to(missed.end)
    await do(clinic, OSEI, visits.no_show, missed.id)
    assert (await clinic.told(missed))[("no_show", ANNA)] == 1
    start = (await clinic.times())[0]
    again = await clinic.book(start=start)
    assert again.status is Status.PROPOSED
    assert (await clinic.book(BEN, start=start + HOUR)).status is Status.BOOKED
    back = await do(clinic, OSEI, visits.came_after_all, missed.id)
    assert isinstance(back, Appointment)
    assert back.status is Status.FULFILLED
    assert (await clinic.told(missed))[("not_missed", ANNA)] == 1
    assert (await clinic.book(start=start + 2 * HOUR)).status is Status.BOOKED
    with pytest.raises(ConflictError, match="nothing to take back"):
        await do(clinic, OSEI, visits.came_after_all, missed.id)


async def visits_person(clinic: Clinic):  # type: ignore[no-untyped-def]
    return await clinic.person(PAUL)


async def test_misses_of_more_than_a_year_ago_count_no_more(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await edit_centre(tx, clinic.ctx, await visits_person(clinic), clinic.centre.id, no_show_limit=1)
    missed = await clinic.book()
    clinic.clock.move_to(missed.end)
    await do(clinic, OSEI, visits.no_show, missed.id)
    clinic.clock.move_to(missed.end + 366 * DAY)
    assert (await clinic.book()).status is Status.BOOKED


async def test_a_mistake_gives_its_time_back_and_never_counted(clinic: Clinic) -> None:
    visit = await clinic.book()
    await do(clinic, CLARA, visits.mark_mistake, visit.id)
    assert (await clinic.visit(visit)).status is Status.ENTERED_IN_ERROR
    assert await clinic.is_free(visit.start)
    assert (await clinic.told(visit))[("mistake", ANNA)] == 1
    with pytest.raises(ConflictError):
        await do(clinic, CLARA, visits.mark_mistake, visit.id)


async def test_a_clinic_says_why_it_cancels(clinic: Clinic) -> None:
    visit = await clinic.book()
    await do(clinic, OSEI, visits.cancel, visit.id, Why.DOCTOR_UNABLE)
    assert await whys(clinic, visit) == [Why.BOOKED, Why.DOCTOR_UNABLE]
    history = await do(clinic, ANNA, visits.history_of, visit.id)
    assert [who for _, who in history] == ["the patient's side", "the doctor"]  # type: ignore[attr-defined]
    with pytest.raises(RefusedError):
        await do(clinic, BEN, visits.history_of, visit.id)
    with pytest.raises(RefusedError):
        await do(clinic, BEN, visits.by_id, visit.id)


async def weekly(clinic: Clinic, count: int = 4) -> list[datetime]:
    start = (await clinic.times())[0]
    async with clinic.tx() as tx:
        return await series.dates(tx, clinic.desk.id, start, Rhythm(7, count))


async def book_series(clinic: Clinic, starts: list[datetime], mxid: str = ANNA) -> list[Appointment]:
    actor = await clinic.person(mxid)
    async with clinic.tx() as tx:
        return await series.book_series(
            tx, clinic.ctx, actor, service_id=clinic.desk.id, starts=starts, patient_id=actor.patient.id
        )


async def count(clinic: Clinic, table: str) -> int:
    async with clinic.tx() as tx:
        return int((await tx.conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_a_series_is_made_at_the_same_time_of_day_and_told_once(clinic: Clinic) -> None:
    made = await book_series(clinic, await weekly(clinic))
    place = zone(clinic.centre.timezone)
    assert len({each.start.astimezone(place).time() for each in made}) == 1
    assert len({each.series_id for each in made}) == 1
    assert await clinic.told() == {("series", who): 1 for who in (ANNA, OSEI, CLARA)}
    assert await clinic.outbox("room.open") == []  # each opens before its visit


async def test_of_a_series_all_is_made_or_nothing(clinic: Clinic) -> None:
    starts = await weekly(clinic)
    await clinic.book(BEN, start=starts[2])
    with pytest.raises(series.SeriesTakenError) as refused:
        await book_series(clinic, starts)
    ((taken, near),) = refused.value.taken
    assert taken == starts[2]
    assert all(abs(each - taken) <= 2 * HOUR for each in near)
    assert len(near) == 3
    assert (await count(clinic, "appointment"), await count(clinic, "occupancy")) == (1, 2)
    assert len(await book_series(clinic, [*starts[:2], near[0], starts[3]])) == 4


async def test_a_patient_who_is_elsewhere_has_no_series(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        other = await clinic.add_doctor(tx, "Dr Jo Weber", "@weber:localhost")
        service = await clinic.add_service(tx, other, payment=Payment.DESK)
    starts = await weekly(clinic)
    await clinic.book(service=service, start=starts[1])
    with pytest.raises(series.SeriesTakenError) as refused:
        await book_series(clinic, starts)
    assert [taken for taken, _ in refused.value.taken] == [starts[1]]
    assert starts[1] not in refused.value.taken[0][1]
    assert await count(clinic, "appointment") == 1


async def test_two_series_at_once_sell_nothing_twice(clinic: Clinic) -> None:
    starts = await weekly(clinic)
    people = [ANNA, BEN, CLARA, OSEI]
    for each in people:
        await clinic.person(each)
    ends = await asyncio.gather(*(book_series(clinic, starts, each) for each in people), return_exceptions=True)
    assert sum(isinstance(end, list) for end in ends) == 1
    assert sum(isinstance(end, series.SeriesTakenError) for end in ends) == 3
    assert await count(clinic, "appointment") == 4


async def test_a_visit_is_repeated_moved_and_cancelled_with_all_that_follow(clinic: Clinic) -> None:
    starts = await weekly(clinic)
    first = await clinic.book(start=starts[0])
    await do(clinic, ANNA, series.repeat, first.id, starts[1:])
    with pytest.raises(RefusedError):
        await do(clinic, BEN, series.cancel_series, first.id)
    moved = await do(clinic, ANNA, series.move_series, first.id, starts[1])
    assert [each.start for each in moved][:3] == starts[1:]  # type: ignore[attr-defined]
    await clinic.book(BEN, start=starts[2] + Q)
    with pytest.raises(series.SeriesTakenError):
        await do(clinic, CLARA, series.move_series, first.id, starts[1] + Q)
    assert (await clinic.visit(first)).start == starts[1]
    third = moved[2]  # type: ignore[index]
    done = await do(clinic, ANNA, series.cancel_series, third.id)
    assert len(done) == 2  # type: ignore[arg-type]
    assert (await clinic.visit(first)).status is Status.BOOKED


async def test_what_is_no_series_is_refused_with_a_sentence(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    for rhythm in (Rhythm(7, 1), Rhythm(0, 5), Rhythm(7, 27), Rhythm(400, 2), Rhythm(-7, 3)):
        with pytest.raises(BadInputError):
            await do_dates(clinic, start, rhythm)
    with pytest.raises(BadInputError, match="too far ahead"):
        await do_dates(clinic, start, Rhythm(180, 20))
    single = await clinic.book(start=start)
    with pytest.raises(ConflictError, match="not one of a series"):
        await do(clinic, ANNA, series.cancel_series, single.id)
    service = await asking(clinic)
    anna = await clinic.person(ANNA)
    with pytest.raises(RefusedError):
        await do(clinic, BEN, series.book_series, service_id=service.id, starts=[start], patient_id=anna.patient.id)


async def do_dates(clinic: Clinic, start: datetime, rhythm: Rhythm) -> list[datetime]:
    async with clinic.tx() as tx:
        return await series.dates(tx, clinic.desk.id, start, rhythm)


async def overbook(clinic: Clinic, mxid: str, start: datetime, who: str) -> Appointment:
    made = await do(clinic, mxid, desk.overbook, service_id=clinic.desk.id, start=start, who=who)
    assert isinstance(made, Appointment)
    return made


async def test_staff_take_a_patient_in_beside_another_and_nobody_else_can(clinic: Clinic) -> None:
    first = await clinic.book()
    bens = await clinic.book(BEN, start=first.start + 2 * HOUR)
    there, _ = await do(clinic, OSEI, desk.there_already, clinic.desk.id, first.start)  # type: ignore[misc]
    assert [each.id for each in there] == [first.id]  # type: ignore[attr-defined]
    second = await overbook(clinic, OSEI, first.start, bens.code)
    assert (second.status, second.start, second.patient_id) == (Status.BOOKED, first.start, bens.patient_id)
    assert await whys(clinic, second) == [Why.OVERBOOKED]
    assert (await clinic.told(second))[("booked", BEN)] == 1
    with pytest.raises(ConflictError):
        await clinic.book("@cleo:localhost", start=first.start)
    await clinic.cancel(ANNA, first)
    assert not await clinic.is_free(first.start)
    with pytest.raises(ConflictError, match="another visit"):
        await overbook(clinic, OSEI, bens.start, bens.code)


async def test_two_who_are_overbooked_at_once_are_both_taken_in(clinic: Clinic) -> None:
    first = await clinic.book()
    known = [await clinic.book(f"@p{n}:localhost", start=first.start + (n + 1) * HOUR) for n in range(3)]
    made = await asyncio.gather(*(overbook(clinic, CLARA, first.start, each.code) for each in known))
    assert len({each.id for each in made}) == 3


@pytest.mark.parametrize("mxid", [ANNA, BEN, PAUL])
async def test_others_overbook_nobody_and_learn_nothing(clinic: Clinic, mxid: str) -> None:
    visit = await clinic.book()
    for what in (desk.overbook, desk.book_for):
        with pytest.raises(RefusedError):
            await do(clinic, mxid, what, service_id=clinic.desk.id, start=visit.start + DAY, who=visit.code)
    with pytest.raises(RefusedError):
        await do(clinic, mxid, desk.there_already, clinic.desk.id, visit.start)


async def test_who_runs_one_centre_learns_nothing_of_a_doctors_patients_at_another(clinic: Clinic) -> None:
    """Dr Osei works at a second centre, too, which Eva runs."""
    elsewhere = await clinic.second_centre("@eva:localhost")
    visit = await clinic.book()
    for who in (visit.code, ANNA):
        with pytest.raises(RefusedError, match="no patient of yours"):
            await do(clinic, "@eva:localhost", desk.book_for, service_id=elsewhere.id, start=visit.start + DAY, who=who)
    assert await do(clinic, "@eva:localhost", desk.there_already, elsewhere.id, visit.start) == ([], 1)
    free = (await clinic.times(elsewhere, after=5 * DAY))[0]
    made = await do(clinic, OSEI, desk.book_for, service_id=elsewhere.id, start=free, who=visit.code)
    assert isinstance(made, Appointment)


async def test_staff_book_only_for_patients_they_know(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    await clinic.person(BEN)
    for who in (BEN, "@nobody:localhost", "K7QM3F", "", "🙂", "@:"):
        with pytest.raises(RefusedError):
            await do(clinic, CLARA, desk.book_for, service_id=clinic.desk.id, start=start, who=who)
    before = await clinic.book(BEN, start=start)
    made = await do(clinic, CLARA, desk.book_for, service_id=clinic.desk.id, start=start + HOUR, who=BEN)
    assert isinstance(made, Appointment)
    assert (made.patient_id, made.booked_by) == (before.patient_id, before.booked_by)
    assert await whys(clinic, made) == [Why.BY_STAFF]
    with pytest.raises(ConflictError):
        await do(clinic, CLARA, desk.book_for, service_id=clinic.desk.id, start=start, who=BEN)
    with pytest.raises(BadInputError, match="has passed"):
        await do(clinic, CLARA, desk.overbook, service_id=clinic.desk.id, start=start - 9 * DAY, who=BEN)


async def test_a_child_is_booked_for_by_its_guardian_and_by_staff_through_a_code(clinic: Clinic) -> None:
    child = await clinic.child_of(ANNA)
    visit = await clinic.book(ANNA, patient_id=child)
    with pytest.raises(RefusedError):
        await clinic.book(BEN, patient_id=child, start=visit.start + HOUR)
    made = await do(clinic, OSEI, desk.book_for, service_id=clinic.desk.id, start=visit.start + HOUR, who=visit.code)
    assert isinstance(made, Appointment)
    assert (made.patient_id, made.booked_by) == (child, (await clinic.person(ANNA)).id)


async def test_two_visits_of_a_kind_within_six_days_are_a_choice(clinic: Clinic) -> None:
    visit = await clinic.book()
    anna = await clinic.person(ANNA)

    async def close(after: timedelta) -> object:
        start = visit.start + after
        how = {"service_id": clinic.desk.id, "start": start, "patient_id": anna.patient.id}
        return await do(clinic, ANNA, visits.close_visit, **how)

    assert await close(5 * DAY)
    assert await close(6 * DAY) is None
    assert await close(timedelta()) is None
    with pytest.raises(RefusedError):
        await do(
            clinic,
            BEN,
            visits.close_visit,
            service_id=clinic.desk.id,
            start=visit.start,
            patient_id=anna.patient.id,
        )


async def test_a_visit_for_new_patients_is_for_those_alone_and_one_for_known_ones_too(clinic: Clinic) -> None:
    first = await clinic.book()
    async with clinic.tx() as tx:
        new = await clinic.add_service(tx, clinic.doctor, payment=Payment.DESK, patients=Patients.NEW)
        known = await clinic.add_service(tx, clinic.doctor, payment=Payment.DESK, patients=Patients.KNOWN)
    clinic.clock.move_to(first.start + HOUR)
    later = first.start + DAY
    with pytest.raises(ConflictError, match="for new patients"):
        await clinic.book(ANNA, service=new, start=later)
    with pytest.raises(ConflictError, match="there before"):
        await clinic.book(BEN, service=known, start=later)
    assert (await clinic.book(ANNA, service=known, start=later)).status is Status.BOOKED
    assert (await clinic.book(BEN, service=new, start=later + HOUR)).status is Status.BOOKED
