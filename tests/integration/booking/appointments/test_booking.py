"""Booking, moving and cancelling on the real database, without payments."""

import asyncio

import pytest
from sqlalchemy import select, text

from booking.appointments import making
from booking.appointments import service as visits
from booking.appointments.model import Why, appointment_move
from booking.appointments.reading import moves_of, patients_of
from booking.appointments.service import Appointment, Status
from booking.consultations.due import open_due
from booking.directory.model import Mode, Payment
from booking.people.service import person_of
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from core.money import Money
from core.settings import StripeSettings
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, OSEI, PAUL, PRICE, Clinic, context

ALL = (ANNA, OSEI, CLARA)


async def test_a_visit_paid_at_the_desk_is_booked_at_once_and_all_are_told(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    visit = await clinic.book(start=start)
    assert (visit.status, visit.payment, visit.price, visit.sequence) == (Status.BOOKED, "desk", PRICE, 0)
    assert (visit.start, visit.end) == (start, start + 20 * MINUTE)
    assert visit.hold_until is None
    assert visit.free_until == start - 24 * HOUR
    assert await clinic.told(visit) == {("booked", who): 1 for who in ALL}
    assert await clinic.outbox("room.open") == []  # not yet due


async def test_without_stripe_what_would_be_paid_in_advance_is_paid_at_the_desk(clinic: Clinic) -> None:
    visit = await clinic.book(service=clinic.online)
    assert (visit.status, visit.payment) == (Status.BOOKED, "desk")


async def test_what_costs_nothing_is_booked_at_once(clinic: Clinic) -> None:
    clinic.ctx = context(StripeSettings(secret_key="sk_test_x"))  # type: ignore[arg-type]
    async with clinic.tx() as tx:
        gratis = await clinic.add_service(tx, clinic.doctor, price=Money("EUR", 0))
    visit = await clinic.book(service=gratis)
    assert (visit.status, visit.payment) == (Status.BOOKED, "none")


async def test_nobody_is_told_to_pay_for_what_has_begun(clinic: Clinic) -> None:
    clinic.ctx = context(StripeSettings(secret_key="sk_test_x"))  # type: ignore[arg-type]
    start = (await clinic.times())[0]
    clinic.clock.move_to(start - 10 * MINUTE)
    soon = await clinic.book(service=clinic.online, start=start)
    assert soon.hold_until
    assert soon.hold_until > soon.pay_until == start
    later = await clinic.book(service=clinic.online, start=start + DAY)
    assert later.pay_until == later.hold_until


async def test_sixteen_who_want_one_time_at_once_make_one_visit(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    people = [f"@p{n}:localhost" for n in range(16)]
    for each in people:
        await clinic.person(each)
    ends = await asyncio.gather(*(clinic.book(each, start=start) for each in people), return_exceptions=True)
    won = [end for end in ends if isinstance(end, Appointment)]
    lost = [end for end in ends if isinstance(end, ConflictError)]
    assert (len(won), len(lost)) == (1, 15)
    assert str(lost[0]) == "That time has just been taken. Please choose another one."
    async with clinic.tx() as tx:
        assert (await tx.conn.execute(text("SELECT count(*) FROM appointment"))).scalar_one() == 1
        assert (await tx.conn.execute(text("SELECT count(*) FROM occupancy"))).scalar_one() == 2


async def test_the_same_wish_many_times_at_once_is_one_visit(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    await clinic.person(ANNA)
    made = await asyncio.gather(*(clinic.book(ANNA, start=start) for _ in range(6)))
    assert len({each.id for each in made}) == 1
    assert (await clinic.told())[("booked", ANNA)] == 1


async def test_visits_that_overlap_only_in_their_buffers_are_refused_too(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        fine = await clinic.add_service(tx, clinic.doctor, grid_minutes=5)
    start = (await clinic.times())[0]
    await clinic.book(start=start)
    with pytest.raises(ConflictError):
        await clinic.book(BEN, service=fine, start=start + 20 * MINUTE)
    await clinic.book(BEN, service=fine, start=start + 25 * MINUTE)


async def test_one_patient_is_never_in_two_places(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        other = await clinic.add_doctor(tx, "Dr Lena Vogt", "@dr.vogt:localhost")
        service = await clinic.add_service(tx, other, payment=Payment.DESK)
    start = (await clinic.times())[0]
    await clinic.book(start=start)
    with pytest.raises(ConflictError, match="another visit at that time"):
        await clinic.book(service=service, start=start)
    assert (await clinic.book(BEN, service=service, start=start)).status is Status.BOOKED


@pytest.mark.parametrize("off", [7 * MINUTE, -4 * DAY, 100 * DAY])
async def test_a_time_that_is_not_on_offer_is_not_booked(clinic: Clinic, off: object) -> None:
    start = (await clinic.times())[0]
    with pytest.raises((ConflictError, BadInputError)):
        await clinic.book(start=start + off)  # type: ignore[operator]


async def test_a_time_that_was_shown_is_taken_a_few_minutes_into_its_notice(clinic: Clinic) -> None:
    """Who reads a list and taps its first time is not told that it is gone, as the minute turned meanwhile."""
    async with clinic.tx() as tx:
        hour_before = await clinic.add_service(tx, clinic.doctor, payment=Payment.DESK, min_notice_minutes=60)
    first, second, third, *_ = await clinic.times(hour_before)
    clinic.clock.move_to(first - 56 * MINUTE)
    assert first not in await clinic.times(hour_before, after=0 * DAY), "nor is it offered to others"
    visit = await clinic.book(service=hour_before, start=first)
    clinic.clock.move_to(second - 56 * MINUTE)
    assert (await clinic.reschedule(ANNA, visit, second)).start == second
    clinic.clock.move_to(third - 54 * MINUTE)
    with pytest.raises(ConflictError):
        await clinic.book(BEN, service=hour_before, start=third)
    with pytest.raises(ConflictError):
        await clinic.reschedule(ANNA, visit, third)


async def test_one_books_for_oneself_and_ones_family_only(clinic: Clinic) -> None:
    child = await clinic.child_of(ANNA)
    visit = await clinic.book(ANNA, patient_id=child)
    assert visit.patient_id == child
    with pytest.raises(RefusedError):
        await clinic.book(BEN, patient_id=child)
    with pytest.raises(RefusedError):
        await clinic.book(CLARA, patient_id=child)


async def test_a_service_that_is_not_offered_any_more_or_never_was_is_not_booked(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE service SET active = false"))
    with pytest.raises(ConflictError):
        await clinic.book(start=start)
    anna = await clinic.person()
    with pytest.raises(RefusedError):
        async with clinic.tx() as tx:
            await visits.book(tx, clinic.ctx, anna, service_id=new_id(), start=start, patient_id=anna.patient.id)


async def test_a_naive_time_is_refused(clinic: Clinic) -> None:
    with pytest.raises(ValueError, match="time zone"):
        await clinic.book(start=(await clinic.times())[0].replace(tzinfo=None))


async def test_a_reason_is_sealed_and_read_by_the_patient_and_the_doctor_only(clinic: Clinic) -> None:
    visit = await clinic.book(reason="  chest pain ZEBRA ")
    async with clinic.tx() as tx:
        row = (await tx.conn.execute(text("SELECT t::text FROM appointment t"))).scalar_one()
        assert b"ZEBRA".hex() not in row
        assert "ZEBRA" not in row
        for who in (ANNA, OSEI):
            assert await visits.reason_of(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), visit.id) == (
                "chest pain ZEBRA"
            )
        for who in (BEN, CLARA, PAUL):
            with pytest.raises(RefusedError):
                await visits.reason_of(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), visit.id)
    plain = await clinic.book(BEN)
    async with clinic.tx() as tx:
        assert await visits.reason_of(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), plain.id) is None


async def test_the_price_stays_what_it_was_when_booked(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE service SET price_amount = 9900"))
    assert (await clinic.visit(visit)).price == PRICE


async def test_a_code_that_exists_is_not_given_twice(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await clinic.book()
    codes = iter([first.code, first.code, "7Q2M4X"])
    monkeypatch.setattr(making, "new_code", lambda: next(codes))
    assert (await clinic.book(BEN)).code == "7Q2M4X"


async def test_cancelling_frees_the_time_and_tells_all_but_the_one_who_does_it(clinic: Clinic) -> None:
    visit = await clinic.book()
    assert not await clinic.is_free(visit.start)
    done = await clinic.cancel(ANNA, visit)
    assert done.appointment.status is Status.CANCELLED
    assert done.refund is None
    assert done.appointment.sequence == 1
    assert await clinic.is_free(visit.start)
    told = await clinic.told(visit)
    assert {who for what, who in told if what == "cancelled"} == {OSEI, CLARA}
    assert await clinic.outbox("room.close") == [{"appointment": str(visit.id)}]


async def test_who_cancels_is_in_the_history(clinic: Clinic) -> None:
    visit = await clinic.book()
    await clinic.cancel(CLARA, visit)
    anna, clara = await clinic.person(ANNA), await clinic.person(CLARA)
    async with clinic.tx() as tx:
        history = await moves_of(tx, visit.id)
        assert [(m.from_status, m.to_status, m.actor, m.why) for m in history] == [
            (None, Status.BOOKED, anna.id, Why.BOOKED),
            (Status.BOOKED, Status.CANCELLED, clara.id, Why.BY_CENTRE),
        ]


async def test_a_cancelled_visit_is_not_cancelled_again_and_a_strangers_never(clinic: Clinic) -> None:
    visit = await clinic.book()
    with pytest.raises(RefusedError):
        await clinic.cancel(BEN, visit)
    await clinic.cancel(ANNA, visit)
    with pytest.raises(ConflictError, match="cancelled already"):
        await clinic.cancel(ANNA, visit)


async def test_patients_do_not_cancel_what_has_begun_but_the_centre_may(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start + MINUTE)
    with pytest.raises(ConflictError, match="begun"):
        await clinic.cancel(ANNA, visit)
    assert (await clinic.cancel(OSEI, visit)).appointment.status is Status.CANCELLED


async def test_a_visit_moves_to_another_free_time_in_one_step(clinic: Clinic) -> None:
    first, second, *_ = await clinic.times()
    visit = await clinic.book(start=first)
    moved = await clinic.reschedule(ANNA, visit, second)
    assert (moved.id, moved.start, moved.end) == (visit.id, second, second + 20 * MINUTE)
    assert (moved.status, moved.sequence) == (Status.BOOKED, 1)
    assert await clinic.is_free(first)
    assert not await clinic.is_free(second)
    told = await clinic.told(visit)
    assert {who for what, who in told if what == "moved"} == {OSEI, CLARA}


async def test_a_visit_may_move_into_its_own_time(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        fine = await clinic.add_service(tx, clinic.doctor, grid_minutes=5, payment=Payment.DESK)
    visit = await clinic.book(service=fine)
    assert (await clinic.reschedule(ANNA, visit, visit.start + 5 * MINUTE)).start == visit.start + 5 * MINUTE


async def test_moving_to_a_taken_time_changes_nothing(clinic: Clinic) -> None:
    first, second, *_ = await clinic.times()
    visit = await clinic.book(start=first)
    await clinic.book(BEN, start=second)
    with pytest.raises(ConflictError):
        await clinic.reschedule(ANNA, visit, second)
    assert await clinic.visit(visit) == visit
    assert not await clinic.is_free(first)


async def test_eight_who_move_to_one_time_at_once_make_one_move(clinic: Clinic) -> None:
    *mine, wanted = await clinic.times(count=9)
    booked = [await clinic.book(f"@p{n}:localhost", start=start) for n, start in enumerate(mine)]
    ends = await asyncio.gather(
        *(clinic.reschedule(f"@p{n}:localhost", visit, wanted) for n, visit in enumerate(booked)),
        return_exceptions=True,
    )
    assert sum(isinstance(end, Appointment) for end in ends) == 1
    assert sum(isinstance(end, ConflictError) for end in ends) == 7
    async with clinic.tx() as tx:
        assert (await tx.conn.execute(text("SELECT count(*) FROM occupancy"))).scalar_one() == 16


async def test_moving_a_visit_keeps_a_lost_deadline_lost(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 2 * HOUR)
    later = (await clinic.times(after=10 * DAY))[0]
    moved = await clinic.reschedule(ANNA, visit, later)
    assert moved.free_until == visit.free_until
    again = (await clinic.times(after=11 * DAY))[0]
    assert (await clinic.reschedule(CLARA, moved, again)).free_until == again - 24 * HOUR


async def test_only_what_is_to_come_is_moved_and_only_by_those_concerned(clinic: Clinic) -> None:
    first, second, *_ = await clinic.times()
    visit = await clinic.book(start=first)
    with pytest.raises(RefusedError):
        await clinic.reschedule(BEN, visit, second)
    with pytest.raises(BadInputError, match="passed"):
        await clinic.reschedule(ANNA, visit, clinic.now - HOUR)
    await clinic.cancel(ANNA, visit)
    with pytest.raises(ConflictError, match="still to come"):
        await clinic.reschedule(ANNA, visit, second)


async def test_a_visit_takes_its_course_by_the_doctor_or_the_centre(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        anna, osei = await person_of(tx, clinic.ctx, ANNA), await person_of(tx, clinic.ctx, OSEI)
        with pytest.raises(RefusedError):
            await visits.arrive(tx, clinic.ctx, anna, visit.id)
        with pytest.raises(ConflictError, match="too early"):
            await visits.arrive(tx, clinic.ctx, osei, visit.id)
        with pytest.raises(ConflictError, match="too early"):
            await visits.no_show(tx, clinic.ctx, osei, visit.id)
        with pytest.raises(ConflictError, match="too early"):
            await visits.fulfil(tx, clinic.ctx, osei, visit.id)
    clinic.clock.move_to(visit.start - HOUR)
    async with clinic.tx() as tx:
        clara, osei = await person_of(tx, clinic.ctx, CLARA), await person_of(tx, clinic.ctx, OSEI)
        assert (await visits.arrive(tx, clinic.ctx, clara, visit.id)).status is Status.ARRIVED
        done = await visits.fulfil(tx, clinic.ctx, osei, visit.id)
        assert (done.status, done.sequence) == (Status.FULFILLED, 2)
        with pytest.raises(ConflictError, match="is over"):
            await visits.no_show(tx, clinic.ctx, osei, visit.id)
        assert await patients_of(tx, clinic.doctor.id) == ({visit.patient_id}, {visit.patient_id})


async def test_who_did_not_come_is_marked_after_the_start(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start + MINUTE)
    async with clinic.tx() as tx:
        osei = await person_of(tx, clinic.ctx, OSEI)
        assert (await visits.no_show(tx, clinic.ctx, osei, visit.id)).appointment.status is Status.NOSHOW
        assert await patients_of(tx, clinic.doctor.id) == (frozenset(), frozenset())
        steps = (await tx.conn.execute(select(appointment_move.c.why).order_by(appointment_move.c.seq))).scalars().all()
    assert steps == [Why.BOOKED, Why.DID_NOT_COME]


async def test_in_person_visits_have_their_room_as_well(clinic: Clinic) -> None:
    visit = await clinic.book(service=clinic.desk)
    assert visit.service.mode is Mode.IN_PERSON
    clinic.clock.move_to(visit.start - HOUR)
    async with clinic.tx() as tx:
        assert await open_due(tx) == 1
    assert len(await clinic.outbox("room.open")) == 1


async def test_a_reason_can_be_given_later_by_the_patients_side_until_the_visit_is_over(clinic: Clinic) -> None:
    visit = await clinic.book(reason="old words")
    async with clinic.tx() as tx:
        anna, osei = await person_of(tx, clinic.ctx, ANNA), await person_of(tx, clinic.ctx, OSEI)
        await visits.set_reason(tx, clinic.ctx, anna, visit.id, "new words")
        assert await visits.reason_of(tx, clinic.ctx, osei, visit.id) == "new words"
        with pytest.raises(RefusedError):
            await visits.set_reason(tx, clinic.ctx, osei, visit.id, "doctor's words")
    await clinic.cancel(ANNA, visit)
    async with clinic.tx() as tx:
        with pytest.raises(ConflictError, match="over or cancelled"):
            await visits.set_reason(tx, clinic.ctx, anna, visit.id, "too late")
