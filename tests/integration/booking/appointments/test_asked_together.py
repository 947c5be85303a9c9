"""A series that the clinic approves: one question for all of it, one answer, one end."""

import asyncio
from datetime import timedelta

import pytest

from booking.appointments import series
from booking.appointments import service as visits
from booking.appointments.approving import give_up
from booking.appointments.rhythm import Rhythm
from booking.appointments.service import Appointment, Status
from booking.appointments.sweep import sweep
from booking.directory.model import Service
from booking.forgetting import forget_person
from booking.people.service import person_of
from booking.staff.leaving import hand_over
from core.errors import ConflictError, RefusedError
from tests.integration.booking.appointments.test_deeper import asking, count, do, held
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, OSEI, Clinic

N = 4


async def asked(clinic: Clinic, mxid: str = ANNA, service: Service | None = None) -> list[Appointment]:
    service = service or await asking(clinic)
    first = (await clinic.times(service))[0]
    async with clinic.tx() as tx:
        actor = await person_of(tx, clinic.ctx, mxid)
        starts = await series.dates(tx, service.id, first, Rhythm(7, N))
        return await series.book_series(
            tx, clinic.ctx, actor, service_id=service.id, starts=starts, patient_id=actor.patient.id
        )


async def statuses(clinic: Clinic, made: list[Appointment]) -> set[Status]:
    return {(await clinic.visit(each)).status for each in made}


async def test_all_is_asked_for_with_one_question_and_kept(clinic: Clinic) -> None:
    made = await asked(clinic)
    assert {each.status for each in made} == {Status.PROPOSED}
    assert len({each.hold_until for each in made}) == 1
    assert await clinic.told() == {("proposed", OSEI): 1, ("proposed", CLARA): 1}
    assert [each["visits"] for each in await clinic.outbox("notice")] == [N, N]
    assert not any([await clinic.is_free(each.start) for each in made])


@pytest.mark.parametrize("which", [0, 2])
async def test_one_word_approves_all_and_all_are_told_once(clinic: Clinic, which: int) -> None:
    made = await asked(clinic)
    await do(clinic, CLARA, visits.approve, made[which].id)
    assert await statuses(clinic, made) == {Status.BOOKED}
    told = await clinic.told()
    assert {key: n for key, n in told.items() if key[0] != "proposed"} == {
        ("series", who): 1 for who in (ANNA, OSEI, CLARA)
    }
    clinic.clock.move_to(made[0].start - timedelta(hours=2))
    assert not any([await clinic.is_free(each.start) for each in made])  # for good, not for as long as was asked
    with pytest.raises(ConflictError, match="nothing to approve"):
        await do(clinic, OSEI, visits.decline, made[1].id)


async def test_one_word_declines_all_and_the_patient_hears_it_once(clinic: Clinic) -> None:
    made = await asked(clinic)
    await do(clinic, OSEI, visits.decline, made[1].id)
    assert await statuses(clinic, made) == {Status.CANCELLED}
    assert (await clinic.told())[("declined", ANNA)] == 1
    assert all([await clinic.is_free(each.start) for each in made])


async def test_what_nobody_answers_lapses_as_a_whole(clinic: Clinic) -> None:
    made = await asked(clinic)
    clinic.clock.ahead += DAY + timedelta(minutes=1)
    async with clinic.tx() as tx:
        assert await sweep(tx, clinic.ctx) == N
    assert await statuses(clinic, made) == {Status.CANCELLED}
    assert (await clinic.told())[("not_approved", ANNA)] == 1
    async with clinic.tx() as tx:
        await give_up(tx, made[0].id)  # once more, by another replica
    assert (await clinic.told())[("not_approved", ANNA)] == 1


async def test_who_withdraws_one_withdraws_all(clinic: Clinic) -> None:
    made = await asked(clinic)
    done = await clinic.cancel(ANNA, made[1])
    assert (done.let_go, done.asked) == (N - 1, True)
    assert await statuses(clinic, made) == {Status.CANCELLED}
    told = await clinic.told()
    assert (told[("cancelled", CLARA)], told[("cancelled", OSEI)], told[("cancelled", ANNA)]) == (1, 1, 0)


async def test_two_who_answer_at_once_through_different_visits_give_one_answer(clinic: Clinic) -> None:
    for _ in range(3):
        made = await asked(clinic)
        ends = await asyncio.gather(
            do(clinic, CLARA, visits.approve, made[0].id),
            do(clinic, OSEI, visits.decline, made[3].id),
            clinic.cancel(ANNA, made[2]),
            return_exceptions=True,
        )
        assert not [end for end in ends if isinstance(end, Exception) and not isinstance(end, ConflictError)]
        others = [each for each in made if each.id != made[2].id]
        assert len(await statuses(clinic, others)) == 1  # what is approved already, Anna cancels one by one
        await clean(clinic, made)


async def clean(clinic: Clinic, made: list[Appointment]) -> None:
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        await visits.cancel_all(tx, clinic.ctx, clara, [each.id for each in made])


async def test_nobody_else_answers(clinic: Clinic) -> None:
    made = await asked(clinic)
    for mxid in (ANNA, BEN):
        with pytest.raises(RefusedError):
            await do(clinic, mxid, visits.approve, made[0].id)
    assert await statuses(clinic, made) == {Status.PROPOSED}


async def test_a_series_that_is_not_free_asks_for_nothing(clinic: Clinic) -> None:
    service = await asking(clinic)
    first = (await clinic.times(service))[0]
    await clinic.book(BEN, start=first + 14 * DAY)
    with pytest.raises(series.SeriesTakenError):
        await asked(clinic, service=service)
    assert await count(clinic, "appointment") == 1


async def test_a_series_is_one_of_what_a_person_may_hold(clinic: Clinic) -> None:
    service = await asking(clinic)
    for _ in range(3):
        await asked(clinic, service=service)
    with pytest.raises(ConflictError, match="You hold 3 times"):
        await asked(clinic, service=service)


async def test_the_clinic_repeats_a_visit_without_asking_itself(clinic: Clinic) -> None:
    service = await asking(clinic)
    visit = await clinic.book(service=service)
    await do(clinic, CLARA, visits.approve, visit.id)
    more = [visit.start + 7 * DAY, visit.start + 14 * DAY]
    made = await do(clinic, CLARA, series.repeat, visit.id, more)
    assert isinstance(made, list)
    assert {each.status for each in made} == {Status.BOOKED}
    asked_for = await do(clinic, ANNA, series.repeat, visit.id, [each + DAY for each in more])
    assert isinstance(asked_for, list)
    assert {each.status for each in asked_for} == {Status.PROPOSED}
    await do(clinic, CLARA, visits.decline, asked_for[0].id)
    assert await statuses(clinic, [visit, *made]) == {Status.BOOKED}  # what was booked before stays


async def test_who_has_asked_for_a_series_can_be_forgotten(clinic: Clinic) -> None:
    made = await asked(clinic)
    async with clinic.tx() as tx:
        await forget_person(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA))
    assert await statuses(clinic, made) == {Status.CANCELLED}
    assert [await held(clinic, each) for each in made] == [0] * N


async def test_a_doctor_is_handed_over_with_a_series_that_was_asked_for(clinic: Clinic) -> None:
    made = await asked(clinic)
    async with clinic.tx() as tx:
        other = await clinic.add_doctor(tx, "Dr Jo Weber", BEN)
        done = await hand_over(
            tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), clinic.doctor.id, other.id, sure=True
        )
    assert len(done.cancelled) == N
    assert await statuses(clinic, made) == {Status.CANCELLED}
