"""What the benchmarks of booking stand on: the embedded PostgreSQL in a folder of its own, durable, and a clinic."""

import asyncio
import base64
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import text

import migrations
from benchmarks.ending import own_folder
from booking.appointments.model import Appointment
from booking.context import Context
from booking.directory.model import Centre, Mode, Payment, Practitioner, Service
from booking.directory.service import add_centre_admin, add_practitioner, add_service, create_centre
from booking.payments.gateway import Checkout
from booking.payments.model import PaymentState
from booking.payments.store import write
from booking.people.service import Person, person_of
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import set_hours
from core.database import Database, Tx
from core.money import Money
from core.settings import MatrixSettings, RecordsSettings, Settings, StripeSettings
from demo.postgres import Postgres
from records.sealing import Vault

_PAUL = "@paul:localhost"
ALWAYS = tuple(WeeklySpan(weekday, 0, 1440) for weekday in range(7))


@contextmanager
def database_url(given: str | None = None) -> Iterator[str]:
    """The address of an empty, migrated database; commits wait for the disk, as in a deployment. Or the one given."""
    if given:
        yield given
        return
    with own_folder() as folder:
        server = Postgres(folder / "postgres")
        try:
            server.create("bench")
            migrations.upgrade(server.url("bench"))
            yield server.url("bench")
        finally:
            server.stop()


def context() -> Context:
    """Payments are on; nobody is asked for them."""
    settings = Settings(
        matrix=MatrixSettings(platform_admins=[_PAUL]),
        records=RecordsSettings(key=SecretStr(base64.b64encode(os.urandom(32)).decode())),
        stripe=StripeSettings(secret_key=SecretStr("sk_test_none"), webhook_secret=SecretStr("whsec_none")),
    )
    return Context(Vault.from_settings(settings.records), settings)


@dataclass
class Ground:
    """A database with centres, doctors who work round the clock, and patients."""

    database: Database
    ctx: Context

    async def person(self, mxid: str) -> Person:
        async with self.database.transaction() as tx:
            return await person_of(tx, self.ctx, mxid)

    async def centre(self, name: str, *, admin: bool = True) -> Centre:
        """One with an admin, or without."""
        paul = await self.person(_PAUL)
        async with self.database.transaction() as tx:
            made = await create_centre(tx, self.ctx, paul, name=name, city="Berlin", street="Street 1")
            if admin:
                await add_centre_admin(tx, self.ctx, paul, made.id, f"@admin.{made.slug}:localhost")
        return made

    async def doctor(
        self, at: Centre, name: str, hours: Collection[WeeklySpan] = ALWAYS, *, account: bool = True
    ) -> Practitioner:
        """One who works round the clock, if nothing else is said."""
        paul = await self.person(_PAUL)
        mxid = f"@{name.lower().replace(' ', '.')}:localhost" if account else None
        async with self.database.transaction() as tx:
            made = await add_practitioner(
                tx, self.ctx, paul, at.id, name=name, specialties=["heart"], languages=["en"], mxid=mxid
            )
            await set_hours(tx, self.ctx, paul, made.id, at.id, hours)
        return made

    async def service(self, doctor: Practitioner, at: Centre, **how: Any) -> Service:
        """Half an hour online for 48 euros, paid in advance."""
        paul = await self.person(_PAUL)
        what: dict[str, Any] = {
            "minutes": 30,
            "price": Money("EUR", 48_00),
            "mode": Mode.ONLINE,
            "payment": Payment.PREPAY,
            "min_notice_minutes": 0,
            "window_days": 365,
            **how,
        }
        async with self.database.transaction() as tx:
            return await add_service(
                tx, self.ctx, paul, practitioner_id=doctor.id, centre_id=at.id, name="A visit", **what
            )


async def give_page(tx: Tx, visit: Appointment) -> None:
    """Write down the page to pay on, as if Stripe had made it: one that nobody was given does not count."""
    await write(tx, visit.id, state=PaymentState.OPEN, session_id=f"cs_{visit.id}")


def paid_page(visit: Appointment) -> Checkout:
    """What Stripe tells of the page on which a visit was paid."""
    return Checkout(
        id=f"cs_{visit.id}",
        status="complete",
        paid=True,
        authorised=False,
        capture_before=None,
        amount=visit.price,
        payment_intent=f"pi_{visit.id}",
        reference=str(visit.id),
        url=None,
    )


def midnight(days: int) -> datetime:
    """The beginning of the day so many days from today, in UTC."""
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=days), clock_time(), UTC)


async def rate(clients: int, count: int, work: Callable[[int], Awaitable[object]]) -> float:
    """Do `work(0)` ... `work(count - 1)` with so many clients at once; returns how many were done a second."""
    waiting = iter(range(count))

    async def client() -> None:
        for n in waiting:
            await work(n)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return count / (time.perf_counter() - began)


async def spent(database: Database) -> tuple[float, float]:
    """Return how many seconds of processor time this process and its PostgreSQL have taken until now."""
    async with database.transaction() as tx:
        pid = (await tx.conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    server = psutil.Process(pid).parent()
    assert server
    took = 0.0
    for each in (server, *server.children()):
        with suppress(psutil.NoSuchProcess):  # one that cleans up comes and goes
            times = each.cpu_times()
            took += times.user + times.system
    return time.process_time(), took


async def waits(count: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """Return how many milliseconds each of so many calls took, one after the other."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return took


def p50(took: list[float]) -> float:
    return statistics.median(took)


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]
