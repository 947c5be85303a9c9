"""Whether any time is ever sold twice: `python -m benchmarks.no_double_booking [ATTEMPTS]`, 100,000 if none is said.

32 clients want the same few times at once, through the services: at the same slot, overlapping halfway, held and paid,
approved, moved, in series, in groups, with a room of which there are two. Afterwards one query over the visits alone,
which knows nothing of `occupancy`, counts what overlaps; PostgreSQL says whether anybody waited in a circle.
"""

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import uvloop
from sqlalchemy import text

from benchmarks.ground import Ground, context, database_url, give_page, midnight, p95, paid_page
from booking.appointments import series
from booking.appointments import service as appointments
from booking.appointments.service import Appointment, Status
from booking.directory.model import Payment, Service
from booking.directory.resources import add_resource
from booking.payments import service as payments
from booking.people.service import Person
from core.database import Database
from core.errors import ConflictError

CLIENTS = 32
_DAY_OF = 2000
"""Attempts at the times of one day, before all turn to the next."""

# Every visit that stands or is held, with what it takes of its practitioner: buffers around it.
_DOUBLE = """
    WITH visit AS (
        SELECT a.id, a.patient_id, a.practitioner_id, a.service_id, a.during, s.capacity,
            tstzrange(
                lower(a.during) - s.buffer_before * interval '1 minute',
                upper(a.during) + s.buffer_after * interval '1 minute'
            ) AS busy
        FROM appointment a JOIN service s ON s.id = a.service_id
        WHERE a.status IN ('booked', 'arrived') OR (a.status IN ('pending', 'proposed') AND a.hold_until > now())
    ), at_once AS (
        SELECT v.id, r.id AS resource_id, r.seats, count(DISTINCT CASE
            WHEN u.capacity > 1 THEN u.service_id::text || lower(u.during) ELSE u.id::text
        END) AS used
        FROM visit v
        JOIN service_resource n ON n.service_id = v.service_id JOIN resource r ON r.id = n.resource_id
        JOIN service_resource m ON m.resource_id = r.id
        JOIN visit u ON u.service_id = m.service_id AND u.busy @> lower(v.busy)
        GROUP BY v.id, r.id, r.seats
    )
    SELECT
        (
            SELECT count(*) FROM visit v JOIN visit u ON u.practitioner_id = v.practitioner_id AND u.id > v.id
            WHERE u.busy && v.busy
              AND NOT (v.capacity > 1 AND u.service_id = v.service_id AND lower(u.during) = lower(v.during))
        ) AS practitioners,
        (SELECT count(*) FROM visit v JOIN visit u ON u.patient_id = v.patient_id AND u.id > v.id
            WHERE u.during && v.during) AS patients,
        (SELECT count(*) FROM at_once WHERE used > seats) AS rooms,
        (SELECT count(*) FROM (SELECT FROM visit WHERE capacity > 1 GROUP BY service_id, during, capacity
            HAVING count(*) > capacity) AS full_groups) AS groups
"""


@dataclass
class Outcome:
    """How a storm ended."""

    attempts: int = 0
    won: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    """Milliseconds until a loser was told."""
    double: int = 0
    deadlocks: int = 0
    seconds: float = 0.0


@dataclass
class Storm:
    """Who wants what, again and again."""

    ground: Ground
    chance: random.Random
    desk: list[Service]
    prepaid: list[Service]
    approved: list[Service]
    groups: list[Service]
    people: list[Person]
    doctors: dict[object, Person]
    outcome: Outcome = field(default_factory=Outcome)
    standing: list[tuple[Person, Appointment]] = field(default_factory=list)

    async def attempt(self, n: int) -> None:
        """One wish, and how long its answer took."""
        kinds: dict[str, Callable[[datetime], Awaitable[None]]] = {
            "same slot": self._same_slot,
            "overlap": self._overlap,
            "hold and pay": self._hold_and_pay,
            "approve": self._approve,
            "group": self._group,
            "move": self._move,
            "series": self._series,
        }
        kind = self.chance.choices([*kinds], weights=[30, 25, 15, 8, 8, 10, 4])[0]
        began = time.perf_counter()
        self.outcome.attempts += 1
        try:
            await kinds[kind](midnight(2 + n // _DAY_OF))
        except ConflictError:
            self.outcome.lost[kind] += 1
            self.outcome.waits.append((time.perf_counter() - began) * 1000)
        else:
            self.outcome.won[kind] += 1

    async def _book(self, service: Service, start: datetime) -> tuple[Person, Appointment]:
        person = self.chance.choice(self.people)
        async with self.ground.database.transaction() as tx:
            visit = await appointments.book(
                tx, self.ground.ctx, person, service_id=service.id, start=start, patient_id=person.patient.id
            )
        return person, visit

    def _minutes(self, step: int) -> timedelta:
        return timedelta(minutes=self.chance.randrange(0, 24 * 60, step))

    async def _same_slot(self, day: datetime) -> None:
        """Everybody wants the full hours."""
        self.standing.append(await self._book(self.chance.choice(self.desk), day + self._minutes(60)))

    async def _overlap(self, day: datetime) -> None:
        self.standing.append(await self._book(self.chance.choice(self.desk), day + self._minutes(15)))

    async def _group(self, day: datetime) -> None:
        await self._book(self.chance.choice(self.groups), day + self._minutes(60))

    async def _hold_and_pay(self, day: datetime) -> None:
        """Three of four pay; the others give up."""
        person, visit = await self._book(self.chance.choice(self.prepaid), day + self._minutes(30))
        async with self.ground.database.transaction() as tx:
            if self.chance.random() < 0.25:
                await appointments.cancel(tx, self.ground.ctx, person, visit.id)
                return
            await give_page(tx, visit)
            await payments.settle(tx, paid_page(visit))

    async def _approve(self, day: datetime) -> None:
        _, visit = await self._book(self.chance.choice(self.approved), day + self._minutes(30))
        doctor = self.doctors[visit.practitioner.id]
        async with self.ground.database.transaction() as tx:
            if visit.status is Status.PROPOSED:
                decide = appointments.approve if self.chance.random() < 0.75 else appointments.decline
                await decide(tx, self.ground.ctx, doctor, visit.id)

    async def _move(self, day: datetime) -> None:
        if self.standing:
            n = self.chance.randrange(max(0, len(self.standing) - 300), len(self.standing))
            person, visit = self.standing[n]
            start = day + self._minutes(15)
            async with self.ground.database.transaction() as tx:
                await appointments.reschedule(tx, self.ground.ctx, person, visit.id, start)

    async def _series(self, day: datetime) -> None:
        person, start = self.chance.choice(self.people), day + self._minutes(30)
        starts = [start + timedelta(days=n) for n in range(3)]
        async with self.ground.database.transaction() as tx:
            service = self.chance.choice(self.desk)
            await series.book_series(
                tx, self.ground.ctx, person, service_id=service.id, starts=starts, patient_id=person.patient.id
            )


async def prepared(ground: Ground, *, doctors: int = 4, people: int = 200) -> Storm:
    """Few doctors who do all kinds of visits, and two devices between them."""
    at = await ground.centre("Stormy Centre")
    admin = await ground.person(f"@admin.{at.slug}:localhost")
    async with ground.database.transaction() as tx:
        laser = (await add_resource(tx, ground.ctx, admin, at.id, name="Laser", seats=2)).id
    storm = Storm(ground, random.Random(7), [], [], [], [], [], {})
    always = {"grid_minutes": 15, "buffer_after": 5}
    for n in range(doctors):
        doctor = await ground.doctor(at, f"Doctor Storm {chr(65 + n)}")
        storm.doctors[doctor.id] = await ground.person(f"@doctor.storm.{chr(97 + n)}:localhost")
        storm.desk += [
            await ground.service(doctor, at, payment=Payment.DESK, **always),
            await ground.service(doctor, at, payment=Payment.DESK, minutes=45, resources=[laser], **always),
        ]
        storm.prepaid.append(await ground.service(doctor, at, **always))
        storm.approved.append(await ground.service(doctor, at, payment=Payment.DESK, approval=True, **always))
        group = {"capacity": 4, "minutes": 60, "resources": [laser]}
        storm.groups.append(await ground.service(doctor, at, payment=Payment.DESK, **group))
    storm.people = [await ground.person(f"@stormy{n}:localhost") for n in range(people)]
    return storm


async def rage(storm: Storm, attempts: int, clients: int = CLIENTS) -> Outcome:
    """Let so many clients make so many attempts, and count what went wrong."""
    waiting = iter(range(attempts))

    async def client() -> None:
        for n in waiting:
            await storm.attempt(n)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    storm.outcome.seconds = time.perf_counter() - began
    storm.outcome.double = await double_bookings(storm.ground.database)
    async with storm.ground.database.transaction() as tx:
        await tx.conn.execute(text("SELECT pg_stat_force_next_flush()"))
        circles = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        storm.outcome.deadlocks = (await tx.conn.execute(circles)).scalar_one()
    return storm.outcome


async def double_bookings(database: Database) -> int:
    """Count the visits that overlap another one, or are too many at once."""
    async with database.transaction() as tx:
        return sum((await tx.conn.execute(text(_DOUBLE))).one())


async def main(url: str, attempts: int) -> None:
    database = Database(url, pool=CLIENTS + 2)
    try:
        outcome = await rage(await prepared(Ground(database, context())), attempts)
    finally:
        await database.close()
    for kind in sorted(outcome.won | outcome.lost):
        print(f"{kind:<14}{outcome.won[kind]:>8,} won{outcome.lost[kind]:>9,} lost")
    print(f"{outcome.attempts:,} attempts, {CLIENTS} clients, {outcome.attempts / outcome.seconds:,.0f}/s", end=": ")
    print(f"{outcome.double} double bookings, {outcome.deadlocks} deadlocks", end="; ")
    print(f"losers told in {statistics.median(outcome.waits):.0f} ms p50, {p95(outcome.waits):.0f} ms p95")


if __name__ == "__main__":
    with database_url() as address:
        uvloop.run(main(address, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
