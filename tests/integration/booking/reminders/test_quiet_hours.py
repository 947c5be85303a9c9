"""What can wait waits for the end of a person's quiet hours; what is urgent does not."""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from booking.appointments import service as visits
from booking.people.quiet import Quiet
from booking.people.service import person_of, set_quiet, set_timezone
from booking.reminders.service import remind
from core.outbox import outbox
from tests.integration.booking.clinic import ANNA, CLARA, DAY, HOUR, OSEI, Clinic

Due = dict[tuple[str, str], datetime]


async def _quiet(clinic: Clinic, mxid: str, quiet: Quiet | None) -> None:
    async with clinic.tx() as tx:
        person = await set_timezone(tx, clinic.ctx, await person_of(tx, clinic.ctx, mxid), "UTC")
        await set_quiet(tx, clinic.ctx, person, quiet)


async def _due(clinic: Clinic, notice: str) -> Due:
    """When each person hears a notice, and in which lane."""
    people = {str((await clinic.person(mxid)).id): mxid for mxid in (ANNA, CLARA, OSEI)}
    rows = [row for row in await clinic.outbox("notice") if row["notice"] == notice]
    async with clinic.tx() as tx:
        found = await tx.conn.execute(
            select(outbox.c.lane, outbox.c.due_at).where(outbox.c.kind == "notice").order_by(outbox.c.seq)
        )
        lanes = {row.lane: row.due_at for row in found}
    return {
        (people[row["person"]], kind): lanes[f"{kind}:{row['person']}"]
        for row in rows
        for kind in ("person", "quiet")
        if f"{kind}:{row['person']}" in lanes
    }


def _around(now: datetime) -> tuple[Quiet, datetime]:
    """Quiet hours that began two hours ago and end in two hours."""
    end = (now + 2 * HOUR).replace(second=0, microsecond=0)
    start = now - 2 * HOUR
    return Quiet(start.hour * 60 + start.minute, end.hour * 60 + end.minute), end


async def test_a_reminder_waits_until_the_night_is_over(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 24 * HOUR)
    quiet, end = _around(clinic.now)
    await _quiet(clinic, ANNA, quiet)
    async with clinic.tx() as tx:
        assert await remind(tx, clinic.ctx) == 3
    due = await _due(clinic, "reminder")
    assert due[ANNA, "quiet"] == end
    assert due[CLARA, "person"] <= clinic.now


async def test_a_reminder_of_what_begins_soon_does_not_wait(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - HOUR)
    quiet, _ = _around(clinic.now)
    await _quiet(clinic, ANNA, quiet)
    async with clinic.tx() as tx:
        await remind(tx, clinic.ctx)
    assert (ANNA, "quiet") not in await _due(clinic, "reminder")


async def test_who_booked_hears_at_once_and_the_clinic_in_the_morning(clinic: Clinic) -> None:
    quiet, end = _around(clinic.now)
    for mxid in (ANNA, CLARA, OSEI):
        await _quiet(clinic, mxid, quiet)
    await clinic.book()
    due = await _due(clinic, "booked")
    assert (ANNA, "quiet") not in due
    assert due[CLARA, "quiet"] == due[OSEI, "quiet"] == end


async def test_a_cancellation_of_a_visit_of_the_next_day_does_not_wait(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 23 * HOUR)
    quiet, _ = _around(clinic.now)
    await _quiet(clinic, CLARA, quiet)
    async with clinic.tx() as tx:
        await visits.cancel(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), visit.id)
    assert (CLARA, "quiet") not in await _due(clinic, "cancelled")


async def test_a_cancellation_of_a_later_visit_waits(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 2 * DAY)
    quiet, end = _around(clinic.now)
    await _quiet(clinic, CLARA, quiet)
    async with clinic.tx() as tx:
        await visits.cancel(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), visit.id)
    assert (await _due(clinic, "cancelled"))[CLARA, "quiet"] == end


async def test_ended_quiet_hours_are_none(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 24 * HOUR)
    quiet, _ = _around(clinic.now)
    await _quiet(clinic, ANNA, quiet)
    await _quiet(clinic, ANNA, None)
    async with clinic.tx() as tx:
        await remind(tx, clinic.ctx)
        assert (await person_of(tx, clinic.ctx, ANNA)).quiet is None
    assert (ANNA, "quiet") not in await _due(clinic, "reminder")


def test_quiet_hours_around_now_are_around_now() -> None:
    quiet, end = _around(datetime.combine(datetime(2026, 1, 1, tzinfo=UTC), time(1), UTC))
    assert (quiet, end) == (Quiet(23 * 60, 3 * 60), datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta())
