"""A directory that a test builds as it needs it, on a day that stands still: Monday, 30 November 2026, 9:00 UTC."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from booking.context import Context
from booking.directory.model import Centre, Mode, Practitioner, Service
from booking.directory.service import add_practitioner, add_service, create_centre
from booking.people.service import Person, person_of
from booking.schedules import occupancy
from booking.schedules.hours import parse_hours
from booking.schedules.rules import Span
from booking.schedules.service import set_hours
from core.database import Database
from core.ids import new_id
from core.money import Money
from tests.integration.booking.clinic import PAUL

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TODAY = NOW.date()


def at(day: int, hour: int, minute: int = 0, *, month: int = 12) -> datetime:
    """An instant of December, in UTC: an hour behind Berlin's walls."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


class StoppedClock:
    """Shows what the test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Town:
    """Everything is set up by Paul, who may set up all of it."""

    def __init__(self, database: Database, ctx: Context) -> None:
        self.database = database
        self.ctx = ctx
        self.clock = StoppedClock()
        database.clock = self.clock

    async def paul(self) -> Person:
        async with self.database.transaction() as tx:
            return await person_of(tx, self.ctx, PAUL)

    async def centre(self, name: str = "Heart Centre", city: str = "Berlin") -> Centre:
        actor = await self.paul()
        async with self.database.transaction() as tx:
            return await create_centre(tx, self.ctx, actor, name=name, city=city, street="Street 1")

    async def doctor(
        self,
        at: Centre,
        name: str = "Dr Ama Osei",
        hours: str = "mon-fri 9-17",
        *,
        specialty: str = "heart",
        languages: Iterable[str] = ("en", "de"),
        gender: str = "female",
    ) -> Practitioner:
        actor = await self.paul()
        async with self.database.transaction() as tx:
            made = await add_practitioner(
                tx,
                self.ctx,
                actor,
                at.id,
                name=name,
                specialties=[specialty],
                languages=list(languages),
                gender=gender,
            )
        await self.hours(made, at, hours)
        return made

    async def hours(self, doctor: Practitioner, at: Centre, hours: str, valid_from: date | None = None) -> None:
        actor = await self.paul()
        async with self.database.transaction() as tx:
            week = parse_hours(hours, tx.now.date())
            await set_hours(tx, self.ctx, actor, doctor.id, at.id, week.spans, valid_from or week.valid_from)

    async def service(self, doctor: Practitioner, at: Centre, *, price: int = 50, **how: Any) -> Service:
        """Half an hour in person for 50 in the centre's currency, if nothing else is said."""
        actor = await self.paul()
        what: dict[str, Any] = {"minutes": 30, "mode": Mode.IN_PERSON, "min_notice_minutes": 0, **how}
        async with self.database.transaction() as tx:
            return await add_service(
                tx,
                self.ctx,
                actor,
                practitioner_id=doctor.id,
                centre_id=at.id,
                name="A visit",
                price=Money(at.currency, price * 100),
                **what,
            )

    async def offer(
        self,
        at: Centre,
        name: str,
        hours: str = "mon-fri 9-17",
        *,
        specialty: str = "heart",
        languages: Iterable[str] = ("en", "de"),
        gender: str = "female",
        **service: Any,
    ) -> Service:
        """A doctor with one service."""
        doctor = await self.doctor(at, name, hours, specialty=specialty, languages=languages, gender=gender)
        return await self.service(doctor, at, **service)

    async def take(self, service: Service, *spans: Span, expires_at: datetime | None = None) -> None:
        """Let the doctor be taken."""
        async with self.database.transaction() as tx:
            for span in spans:
                wanted = {service.practitioner_id: span}
                assert not await occupancy.take(tx, new_id(), wanted, expires_at=expires_at)
