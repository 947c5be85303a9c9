"""The figures of the booking engine on this machine, with PostgreSQL beside it: `python -m benchmarks.booking`.

Bookings a second through the services, beside bare SQL for the same rows in the same run; a month of free times; a
change of weekly hours; reminders that are due at once. Every figure is a median. docs/performance.md says what they
mean.
"""

import random
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

import uvloop
from sqlalchemy import text

from benchmarks import bare, filling
from benchmarks.ground import (
    Ground,
    context,
    database_url,
    give_page,
    midnight,
    p50,
    p95,
    paid_page,
    rate,
    spent,
    waits,
)
from booking.appointments import service as appointments
from booking.directory.model import Payment, Practitioner, Service
from booking.payments import service as payments
from booking.people.service import person_by_id
from booking.reminders.service import remind
from booking.schedules.changes import HoursChange, make
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import free_times
from core.database import Database
from core.outbox import outbox


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything there is."""

    clients: int = 16
    bookings: int = 1600
    people: int = 400
    rounds: int = 3
    appointments: tuple[int, ...] = (1, 1_000, 10_000)
    looks: int = 200
    to_come: int = 1_000
    changes: int = 20
    reminders: int = 10_000


_OFFICE = tuple(WeeklySpan(weekday, 9 * 60, 17 * 60) for weekday in range(5))


async def main(url: str, size: Size | None = None) -> None:
    size = size or Size()
    database = Database(url, pool=size.clients + 4)
    ground = Ground(database, context())
    try:
        await _bookings(ground, url, size)
        await _free_times(ground, size)
        await _change_of_hours(ground, size)
        await _reminders(ground, size.reminders)
    finally:
        await database.close()


async def _bookings(ground: Ground, url: str, size: Size) -> None:
    """Each is held and then paid, or booked for the desk; of 16 doctors, at times that nobody else wants."""
    at = await ground.centre("Throughput Centre")
    doctors = [await ground.doctor(at, f"Doctor {chr(65 + n)}") for n in range(16)]
    prepaid = [await ground.service(doctor, at) for doctor in doctors]
    desk = [await ground.service(doctor, at, payment=Payment.DESK) for doctor in doctors]
    people = [await ground.person(f"@client{n}:localhost") for n in range(size.people)]

    async def book(n: int, services: list[Service]) -> appointments.Appointment:
        person, service = people[n % size.people], services[n % 16]
        async with ground.database.transaction() as tx:
            visit = await appointments.book(
                tx, ground.ctx, person, service_id=service.id, start=_slot(n), patient_id=person.patient.id
            )
            if services is prepaid:
                await give_page(tx, visit)
            return visit

    async def hold_and_pay(n: int) -> None:
        visit = await book(n, prepaid)
        async with ground.database.transaction() as tx:
            await payments.settle(tx, paid_page(visit))

    sql = await bare.Bare.connect(url, prepaid, people, size.clients)
    found: dict[str, list[float]] = {"bare": [], "service": [], "desk": []}
    took: dict[str, list[tuple[float, float]]] = {"bare": [], "service": [], "desk": []}
    first = 0
    for turn in range(size.rounds + 1):
        for name, work in (
            ("bare", lambda n: sql.hold_and_pay(n, _slot(n))),
            ("service", hold_and_pay),
            ("desk", lambda n: book(n, desk)),
        ):
            count = size.bookings if turn else size.bookings // 5
            before = await spent(ground.database)
            reached = await rate(size.clients, count, lambda n, begin=first, do=work: do(begin + n))
            first += count
            if turn:  # the first one only warms up
                found[name].append(reached)
                after = await spent(ground.database)
                took[name].append((1000 * (after[0] - before[0]) / count, 1000 * (after[1] - before[1]) / count))
    await sql.close()
    median = {name: statistics.median(each) for name, each in found.items()}
    ratio = median["service"] / median["bare"]
    print(f"bookings a second, {size.clients} clients: hold + confirm {median['service']:,.0f}", end="; ")
    print(f"bare SQL for the same rows {median['bare']:,.0f}; ratio {ratio:.2f}")
    print(f"bookings a second, {size.clients} clients: booked at once (paid at the desk) {median['desk']:,.0f}")
    for name, what in (("bare", "bare SQL"), ("service", "hold + confirm"), ("desk", "booked at once")):
        python, postgres = (statistics.median(each) for each in zip(*took[name], strict=True))
        print(f"processor time of {what}: Python {python:.2f} ms, PostgreSQL {postgres:.2f} ms")


def _slot(n: int) -> datetime:
    """A start that is free of each of 16 doctors in turn, and of the person whose turn it is."""
    return midnight(2) + timedelta(minutes=30 * (n // 16))


async def _free_times(ground: Ground, size: Size) -> None:
    at = await ground.centre("Calendar Centre")
    chance = random.Random(7)
    for count in size.appointments:
        doctor = await ground.doctor(at, f"Doctor Of {count}", _OFFICE)
        service = await ground.service(doctor, at)
        await _fill(ground, service, count, chance)

        async def month(offered: Service = service) -> None:
            async with ground.database.transaction() as tx:
                await free_times(tx, offered, midnight(1), midnight(31))

        await waits(size.looks // 10, month)
        took = await waits(size.looks, month)
        print(f"a month of free times of a doctor with {count:,} appointments: p50 {p50(took):.1f} ms", end=", ")
        print(f"p95 {p95(took):.1f} ms")


async def _fill(ground: Ground, service: Service, count: int, chance: random.Random) -> None:
    """Visits at office hours, two years back and two ahead, every other time of which 10,000 take."""
    office = [
        midnight(day) + timedelta(hours=8, minutes=30 * slot)
        for day in range(-900, 900)
        if midnight(day).weekday() < 5
        for slot in range(16)
    ]
    async with ground.database.transaction() as tx:
        whose = await filling.patients(tx, 500, f"-{count}-")
        starts = sorted(chance.sample(office, count))
        await filling.visits(tx, service, starts, whose, tx.now - timedelta(days=1000))
        await tx.conn.execute(text("ANALYZE occupancy"))
        await tx.conn.execute(text("ANALYZE appointment"))


async def _change_of_hours(ground: Ground, size: Size) -> None:
    """From nine to five to mornings, with so many visits to come; about half of them are left outside."""
    at = await ground.centre("Changing Centre")
    doctor = await ground.doctor(at, "Doctor Moves", _OFFICE)
    service = await ground.service(doctor, at)
    starts = [midnight(day) + timedelta(hours=8, minutes=30 * slot) for day in range(1, 200) for slot in range(16)]
    async with ground.database.transaction() as tx:
        whose = await filling.patients(tx, 500, "-hours-")
        at_work = [start for start in starts if start.weekday() < 5][: 2 * size.to_come : 2]
        await filling.visits(tx, service, at_work, whose, tx.now - timedelta(days=1))
    mornings = tuple(WeeklySpan(weekday, 9 * 60, 12 * 60) for weekday in range(5))
    change = HoursChange(doctor.id, at.id, mornings, midnight(1).date())
    actor = await _doctor(ground, doctor)
    left: list[int] = []

    async def once() -> None:
        async with ground.database.transaction() as tx, tx.conn.begin_nested() as attempt:
            left.append(len(await make(tx, ground.ctx, actor, change, sure=True)))
            await attempt.rollback()

    await waits(3, once)
    took = await waits(size.changes, once)
    print(f"a change of weekly hours, {len(at_work):,} visits to come, {left[0]} left outside: p50 {p50(took):.0f} ms")


async def _doctor(ground: Ground, doctor: Practitioner):
    assert doctor.person_id
    async with ground.database.transaction() as tx:
        return await person_by_id(tx, ground.ctx, doctor.person_id)


async def _reminders(ground: Ground, count: int) -> None:
    """So many people's visits begin in a day: each is reminded, and nobody twice."""
    at = await ground.centre("Reminding Centre", admin=False)
    async with ground.database.transaction() as tx:
        await tx.conn.execute(text("UPDATE appointment SET status = 'fulfilled'"))
        whose = await filling.patients(tx, count, "-reminded-")
    doctor = await ground.doctor(at, "Doctor Many", account=False)
    service = await ground.service(doctor, at)
    async with ground.database.transaction() as tx:
        starts = [tx.now + timedelta(hours=23)] * count
        await filling.visits(tx, service, starts, whose, tx.now - timedelta(days=10), taking=False)
        before = (await tx.conn.execute(text("SELECT count(*) FROM outbox"))).scalar_one()

    async def once() -> None:
        async with ground.database.transaction() as tx:
            await remind(tx, ground.ctx)

    took = await waits(1, once)
    await once()
    async with ground.database.transaction() as tx:
        told = (await tx.conn.execute(text(f"SELECT count(*) FROM {outbox.name}"))).scalar_one() - before
    print(f"reminders due at once: {told:,} handed to the outbox in {took[0] / 1000:.1f} s, each once")


if __name__ == "__main__":
    with database_url() as address:
        uvloop.run(main(address))
