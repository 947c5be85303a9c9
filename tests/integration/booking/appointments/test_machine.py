"""Appointments as a state machine, against a naive model: whatever is done in whatever order, both say the same.

Six times of one doctor, three patients and the clinic, a service that is booked at once and one that the centre
approves, one time by itself or some together, the waiting list, and a clock that goes on. After each step the statuses,
the histories, what is free and who is where are compared. HYPOTHESIS_EXAMPLES=1000 tries more.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, pairwise
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from booking.appointments import series
from booking.appointments import service as visits
from booking.appointments.reading import appointment, moves_of
from booking.appointments.rules import GRACE, KEPT, Status
from booking.appointments.sweep import sweep
from booking.directory.model import Centre, Payment, Practitioner, Service
from booking.directory.service import add_centre_admin
from booking.people.service import person_of
from booking.schedules.service import free_times
from booking.waiting import offering
from booking.waiting import service as waiting
from booking.waiting.model import waiting_offer
from core.database import Database, Tx
from core.errors import UserError
from tests.integration.booking.clinic import context
from tests.integration.booking.town import NOW, Town

SLOTS, PATIENTS = 6, 3
HALF_HOUR, HOUR, SECOND = timedelta(minutes=30), timedelta(hours=1), timedelta(seconds=1)
LIVE = frozenset({Status.BOOKED, Status.ARRIVED, Status.FULFILLED, Status.NOSHOW})
_numbers = count()


@dataclass
class Visit:
    """What the model knows of a visit."""

    patient: int
    slot: int
    approving: bool
    status: Status
    hold_until: datetime | None = None
    steps: int = 1
    settled: bool = False
    together: int | None = None
    """Of what was asked for together, the number."""

    def move(self, status: Status, hold_until: datetime | None = None) -> None:
        self.status, self.hold_until = status, hold_until
        self.steps += 1
        self.settled = self.settled or status is Status.BOOKED


@dataclass
class Wait:
    """Who waits for a slot, and what they were offered."""

    patient: int
    slot: int
    offers: list[UUID] = field(default_factory=list)


class World:
    """The real services, driven from a test that is not asynchronous."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.database = Database(url, pool=4)
        self.ctx = context()
        self.town = Town(self.database, self.ctx)

    def run(self, work: Callable[[Tx], Awaitable[Any]]) -> Any:
        async def once() -> Any:
            async with self.database.transaction() as tx:
                return await work(tx)

        return self.runner.run(once())


class Machine(RuleBasedStateMachine):
    """Each rule does something to both, and says whether it should have worked."""

    made = Bundle("made")
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.visits: dict[UUID, Visit] = {}
        self.waits: list[Wait] = []

    @initialize()
    def open(self) -> None:
        """A clinic of this example's own."""
        world, number = self.world, next(_numbers)
        world.town.clock.time = NOW
        self.first = NOW + 5 * HOUR
        self.people = [f"@p{number}-{n}:localhost" for n in range(PATIENTS)]
        self.admin = f"@admin{number}:localhost"

        async def build() -> tuple[Centre, Practitioner, Service, Service]:
            at = await world.town.centre(f"Centre {number}")
            doctor = await world.town.doctor(at, f"Dr Number {number}", "mon-sun 0-24")
            how = {"minutes": 30, "grid_minutes": 30, "min_notice_minutes": 0, "payment": Payment.DESK}
            plain = await world.town.service(doctor, at, **how)
            approving = await world.town.service(doctor, at, approval=True, **how)
            return at, doctor, plain, approving

        self.centre, self.doctor, self.plain, self.approving = world.runner.run(build())

        async def admit(tx: Tx) -> None:
            await add_centre_admin(tx, world.ctx, await world.town.paul(), self.centre.id, self.admin)

        world.run(admit)

    # What the model believes

    @property
    def now(self) -> datetime:
        return self.world.town.clock.time

    def start(self, slot: int) -> datetime:
        return self.first + slot * HALF_HOUR

    def _taken(self, visit: Visit) -> bool:
        held = visit.hold_until is not None and self.now < visit.hold_until + GRACE
        return visit.status in LIVE or held

    def _free(self, slot: int, patient: int, but: UUID | None = None) -> bool:
        return self.start(slot) > self.now and not any(
            each.slot == slot and self._taken(each) for each_id, each in self.visits.items() if each_id != but
        )

    def _begun(self, visit: Visit) -> bool:
        return self.now >= self.start(visit.slot)

    def _over(self, visit: Visit) -> bool:
        assert visit.hold_until
        return min(visit.hold_until, self.start(visit.slot)) <= self.now

    # Doing

    def _do(self, who: str, work: Callable[..., Awaitable[Any]], *args: Any, works: bool, **how: Any) -> Any:
        """Do it for somebody: it works if and only if the model says so. A second goes by."""
        self.world.town.clock.time += SECOND

        async def act(tx: Tx) -> Any:
            return await work(tx, self.world.ctx, await person_of(tx, self.world.ctx, who), *args, **how)

        done, refused = None, None
        try:
            done = self.world.run(act)
        except UserError as sentence:
            refused = sentence
        assert (refused is None) is works, refused or "this should have been refused"
        return done

    @rule(target=made, patient=st.integers(0, PATIENTS - 1), slot=st.integers(0, SLOTS - 1), approving=st.booleans())
    def book(self, patient: int, slot: int, approving: bool) -> UUID | None:
        """Asked for again while it is kept or booked, it is the same visit."""
        now = self.now + SECOND
        same = [
            each_id
            for each_id, each in self.visits.items()
            if (each.patient, each.slot, each.approving) == (patient, slot, approving)
            and (each.status is Status.BOOKED or (each.status in KEPT and each.hold_until and each.hold_until > now))
        ]
        held = self._held(patient, now)
        to_come = self.start(slot) > now
        fits = not approving or (self.start(slot) - now >= 2 * HOUR and held < 3)
        self.world.town.clock.time += SECOND
        free = self._free(slot, patient)
        self.world.town.clock.time -= SECOND

        async def act(tx: Tx, ctx: Any, actor: Any) -> Any:
            service = self.approving if approving else self.plain
            return await visits.book(
                tx, ctx, actor, service_id=service.id, start=self.start(slot), patient_id=actor.patient.id
            )

        works = to_come and (bool(same) or (fits and free))
        done = self._do(self.people[patient], act, works=works)
        if done is None:
            return None
        if same:
            assert done.id == same[0]
        elif approving:
            until = min(self.now + 24 * HOUR, self.start(slot) - HOUR)
            self.visits[done.id] = Visit(patient, slot, approving, Status.PROPOSED, until)
        else:
            self.visits[done.id] = Visit(patient, slot, approving, Status.BOOKED, settled=True)
        return UUID(str(done.id))

    @rule(
        target=made,
        patient=st.integers(0, PATIENTS - 1),
        slots=st.lists(st.integers(0, SLOTS - 1), min_size=2, max_size=3, unique=True),
    )
    def ask_together(self, patient: int, slots: list[int]) -> MultipleResults[UUID]:
        """A series that the centre approves: all of it is asked for, or nothing."""
        self.world.town.clock.time += SECOND
        soonest = min(map(self.start, slots))
        fits = soonest - self.now >= 2 * HOUR and self._held(patient, self.now) < 3
        works = fits and all(self._free(slot, patient) for slot in slots)
        self.world.town.clock.time -= SECOND

        async def act(tx: Tx, ctx: Any, actor: Any) -> Any:
            starts = [self.start(slot) for slot in slots]
            return await series.book_series(
                tx, ctx, actor, service_id=self.approving.id, starts=starts, patient_id=actor.patient.id
            )

        asked = self._do(self.people[patient], act, works=works) or []
        until, number = min(self.now + 24 * HOUR, soonest - HOUR), next(_numbers)
        for each, slot in zip(asked, sorted(slots), strict=False):  # nothing, where it was refused
            self.visits[each.id] = Visit(patient, slot, True, Status.PROPOSED, until, together=number)
        return multiple(*(each.id for each in asked))

    def _held(self, patient: int, now: datetime) -> int:
        """How much a patient holds; what was asked for together is one."""
        return len(
            {
                each.together or each_id
                for each_id, each in self.visits.items()
                if each.patient == patient and each.status in KEPT and each.hold_until and each.hold_until > now
            }
        )

    def _step(
        self, visit_id: UUID | None, who: str, work: Callable[..., Awaitable[Any]], to: Callable[[Visit], Status | None]
    ) -> None:
        """Bring a visit into the state that the model names; None: that must be refused."""
        if visit_id is None or visit_id not in self.visits:
            return
        visit = self.visits[visit_id]
        self.world.town.clock.time += SECOND
        wanted = to(visit)
        self.world.town.clock.time -= SECOND
        if self._do(who, work, visit_id, works=wanted is not None) is not None:
            assert wanted
            asked = [visit]
            if visit.together and visit.status is Status.PROPOSED and wanted is not Status.ENTERED_IN_ERROR:
                known = (visit.together, visit.status)  # one answer for all
                asked = [each for each in self.visits.values() if (each.together, each.status) == known]
            for each in asked:
                each.move(wanted)

    @rule(visit=made)
    def approve(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            assert known.status is not Status.PROPOSED or known.hold_until
            kept = known.status is Status.PROPOSED and known.hold_until is not None and known.hold_until > self.now
            return Status.BOOKED if kept else None

        self._step(visit, self.admin, visits.approve, to)

    @rule(visit=made)
    def decline(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            return Status.CANCELLED if known.status is Status.PROPOSED else None

        self._step(visit, self.admin, visits.decline, to)

    @rule(visit=made, by_clinic=st.booleans())
    def cancel(self, visit: UUID | None, by_clinic: bool) -> None:
        def to(known: Visit) -> Status | None:
            can = known.status in {*KEPT, Status.WAITLIST, Status.BOOKED, Status.ARRIVED}
            return Status.CANCELLED if can and (by_clinic or not self._begun(known)) else None

        self._step(visit, self._who(visit, by_clinic), visits.cancel, to)

    def _who(self, visit: UUID | None, by_clinic: bool) -> str:
        return self.admin if by_clinic or visit is None else self.people[self.visits[visit].patient]

    @rule(visit=made, slot=st.integers(0, SLOTS - 1), by_clinic=st.booleans())
    def reschedule(self, visit: UUID | None, slot: int, by_clinic: bool) -> None:
        if visit is None:
            return
        known = self.visits[visit]
        self.world.town.clock.time += SECOND
        same = slot == known.slot
        can = known.status is Status.BOOKED and self.start(slot) > self.now
        can = can and (by_clinic or not self._begun(known)) and (same or self._free(slot, known.patient, visit))
        self.world.town.clock.time -= SECOND
        if self._do(self._who(visit, by_clinic), visits.reschedule, visit, self.start(slot), works=can) and not same:
            known.slot = slot
            known.steps += 1

    @rule(visit=made)
    def arrive(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            if known.status is Status.NOSHOW:
                return self._returned(known)
            early = self.now < self.start(known.slot) - 2 * HOUR
            return Status.ARRIVED if known.status is Status.BOOKED and not early else None

        self._step(visit, self.admin, visits.arrive, to)

    @rule(visit=made)
    def fulfil(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            if known.status is Status.NOSHOW:
                return self._returned(known)
            there = known.status is Status.ARRIVED or (known.status is Status.BOOKED and self._begun(known))
            return Status.FULFILLED if there else None

        self._step(visit, self.admin, visits.fulfil, to)

    @rule(visit=made)
    def no_show(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            return Status.NOSHOW if known.status is Status.BOOKED and self._begun(known) else None

        self._step(visit, self.admin, visits.no_show, to)

    def _returned(self, known: Visit) -> Status:
        return Status.ARRIVED if self.now < self.start(known.slot) + HALF_HOUR else Status.FULFILLED

    @rule(visit=made)
    def mistake(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            return None if known.status is Status.ENTERED_IN_ERROR else Status.ENTERED_IN_ERROR

        self._step(visit, self.admin, visits.mark_mistake, to)

    @rule(visit=made)
    def nothing_is_done_by_a_stranger(self, visit: UUID | None) -> None:
        if visit is None:
            return
        stranger = self.people[(self.visits[visit].patient + 1) % PATIENTS]
        for work in (visits.approve, visits.decline, visits.cancel, visits.arrive, visits.mark_mistake):
            self._do(stranger, work, visit, works=False)
        for work in (offering.take_up, offering.leave):
            self._do(stranger, work, visit, works=False)

    # The waiting list

    @rule(patient=st.integers(0, PATIENTS - 1), slot=st.integers(0, SLOTS - 1))
    def wait(self, patient: int, slot: int) -> None:
        to_come = self.start(slot) > self.now + SECOND
        start = self.start(slot)

        async def act(tx: Tx, ctx: Any, actor: Any) -> Any:
            wanted = {"earliest": start, "latest": start + timedelta(minutes=1)}
            if not to_come:
                return None
            return await waiting.ask(tx, ctx, actor, actor.patient.id, [self.plain.id], **wanted)

        if to_come and sum(self._open(each) for each in self.waits if each.patient == patient) < 10:
            self._do(self.people[patient], act, works=True)
            self.waits.append(Wait(patient, slot))

    def _open(self, each: Wait) -> bool:
        return self.start(each.slot) + timedelta(minutes=1) > self.now and not any(
            self.visits[offer].settled for offer in each.offers
        )

    @rule(target=made, slot=st.integers(0, SLOTS - 1))
    def offer(self, slot: int) -> MultipleResults[UUID]:
        """What touches a span of free time goes to the first in line who was not asked before."""
        self.world.town.clock.time += SECOND
        start = self.start(slot)
        expected: list[Wait] = []
        for each in self.waits:
            late = self.start(each.slot) - self.now < timedelta(minutes=5)
            given = any(other.slot == each.slot for other in expected)
            near = abs(each.slot - slot) <= 1
            if near and self._open(each) and not each.offers and not late and not given and self._free(each.slot, 0):
                expected.append(each)

        async def act(tx: Tx) -> int:
            return await offering.offer_between(tx, self.world.ctx, self.doctor.id, start, start + HALF_HOUR)

        async def newest(tx: Tx) -> dict[datetime, UUID]:
            found = await tx.conn.execute(select(waiting_offer.c.appointment_id))
            new = [await appointment(tx, each) for each in found.scalars() if each not in self.visits]
            return {each.start: each.id for each in new if each.practitioner.id == self.doctor.id}

        assert self.world.run(act) == len(expected)
        made = self.world.run(newest)
        for each in expected:
            offered = made[self.start(each.slot)]
            until = min(self.now + HALF_HOUR, self.start(each.slot))
            self.visits[offered] = Visit(each.patient, each.slot, False, Status.WAITLIST, until)
            each.offers.append(offered)
        return multiple(*(made[self.start(each.slot)] for each in expected))

    @rule(visit=made)
    def take_up(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            return Status.BOOKED if known.status is Status.WAITLIST and not self._over(known) else None

        self._step(visit, self._who(visit, by_clinic=False), offering.take_up, to)

    @rule(visit=made)
    def leave(self, visit: UUID | None) -> None:
        def to(known: Visit) -> Status | None:
            return Status.CANCELLED if known.status is Status.WAITLIST else None

        self._step(visit, self._who(visit, by_clinic=False), offering.leave, to)

    # Time

    @rule(hours=st.sampled_from([0.25, 1, 4]))
    def time_goes_by(self, hours: float) -> None:
        self.world.town.clock.time += hours * HOUR + SECOND

    @rule()
    def sweep(self) -> None:
        self.world.run(lambda tx: sweep(tx, self.world.ctx))
        for each in self.visits.values():
            if each.hold_until and self._over(each):
                each.move(Status.CANCELLED)

    # What must hold always

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "doctor"):
            return
        start = self.first - HALF_HOUR

        async def look(tx: Tx) -> tuple[list[Any], list[datetime]]:
            found = [(await appointment(tx, each), await moves_of(tx, each)) for each in self.visits]
            free = await free_times(tx, self.plain, start, self.start(SLOTS), limit=100)
            return found, free

        found, free = self.world.run(look)
        for known, moves in found:
            expected = self.visits[known.id]
            assert (known.status, known.hold_until) == (expected.status, expected.hold_until)
            assert known.start == self.start(expected.slot)
            assert len(moves) == expected.steps
            assert moves[-1].to_status is known.status
            for earlier, later in pairwise(moves):
                assert later.from_status is earlier.to_status
                assert later.at >= earlier.at
            swept = moves[-1].why in {"not-approved", "not-taken-up"}
            assert (moves[-1].actor is None) == swept
        ours = {self.start(slot) for slot in range(SLOTS)}
        naive = {self.start(slot) for slot in range(SLOTS) if self._free(slot, 0)}
        assert set(free) & ours == naive
        taken = [each.slot for each in self.visits.values() if self._taken(each)]
        assert len(taken) == len(set(taken))


def test_appointments_do_what_the_naive_model_says(database_url: str) -> None:
    """The patients are at one doctor only, so that whoever has a slot also is where nobody else is."""
    with asyncio.Runner() as runner:
        world = World(database_url, runner)
        Machine.world = world
        examples = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=40,
                    deadline=None,
                    derandomize=examples <= 25,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(world.database.close())
