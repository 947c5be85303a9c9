"""A clinic that takes payments: the stand-in for Stripe as a process, our doors on a port, our workers on the lanes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import select

from booking.appointments.service import Appointment, Status
from booking.appointments.sweep import sweep
from booking.payments import payouts
from booking.payments.comparison import Difference, compare
from booking.payments.gateway import Gateway
from booking.payments.handlers import inbox_handlers, outbox_handlers
from booking.payments.ledger import LedgerEntry, entries
from booking.payments.model import Payment
from booking.payments.routes import routes
from booking.payments.service import payment_of
from booking.schedules import freed
from booking.staff import news as staff_news
from booking.waiting.offering import handler as offering
from core.database import Database, Tx
from core.inbox import inbox
from core.lanes import LaneWorker, Row
from core.outbox import outbox
from core.settings import Http, StripeSettings
from demo.child import free_port
from demo.stripe.payer import Ending, pay
from demo.stripe.process import StripeProcess
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL, Clinic, context

_PORT = free_port()


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeProcess]:
    process = StripeProcess(tmp_path_factory.mktemp("stripe"), webhook_url=f"http://127.0.0.1:{_PORT}/stripe/webhook")
    process.start()
    yield process
    process.stop()


class PayingClinic(Clinic):
    """What the conversation would hear is kept in `heard`."""

    def __init__(self, database: Database, stripe: StripeProcess) -> None:
        settings = StripeSettings(
            secret_key=SecretStr(stripe.api_key),
            webhook_secret=SecretStr(stripe.webhook_secret),
            connect_webhook_secret=SecretStr("whsec_of_connected_accounts"),
            api_base=stripe.url,
        )
        super().__init__(database, context(settings, Http(port=_PORT, public_url=f"http://127.0.0.1:{_PORT}")))
        self.stripe = stripe
        self.gateway = Gateway(settings)
        self.heard: list[dict[str, Any]] = []
        self.payouts_heard: list[dict[str, Any]] = []
        self.platform_heard: list[dict[str, Any]] = []
        self._opened = datetime.now(UTC).date()
        self._work: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Open the doors, and begin to work."""
        app = web.Application()
        app.add_routes(routes(self.database, self.ctx, self.gateway))
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", _PORT, reuse_address=True).start()
        self.work()

    def work(self) -> None:
        above = {"notice": self._hear, "room.open": _nothing, "room.close": _nothing, freed.KIND: offering(self.ctx)}
        above |= {payouts.TOLD: self._hear_of_payouts, staff_news.NEWS: self._hear_of_platform}
        above |= {"staff.sync": _nothing, "staff.notice": _nothing}
        handlers = {**outbox_handlers(self.ctx, self.gateway), **above}
        workers = [
            LaneWorker(self.database, outbox, handlers),
            LaneWorker(self.database, inbox, inbox_handlers(self.ctx, self.gateway)),
        ]
        self._work = [asyncio.create_task(worker.run()) for worker in workers]

    async def rest(self) -> None:
        """Stop working on the lanes."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def stop(self) -> None:
        await self.rest()
        if self._runner:
            await self._runner.cleanup()
        await self.gateway.close()

    async def _hear_of_payouts(self, _tx: Tx, row: Row) -> None:
        self.payouts_heard.append(json.loads(row.payload))

    async def _hear_of_platform(self, _tx: Tx, row: Row) -> None:
        self.platform_heard.append(json.loads(row.payload))

    async def _hear(self, tx: Tx, row: Row) -> None:
        self.heard.append(json.loads(row.payload))

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it holds, which the test's own time limit bounds."""
        async with asyncio.timeout(90):
            while not await holds():
                await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Wait until nothing is left to do that is due."""

        async def done() -> bool:
            async with self.tx() as tx:
                for table in (inbox, outbox):
                    due = (table.c.state == "waiting") & (table.c.due_at <= tx.now)
                    if (await tx.conn.execute(select(table.c.id).where(due).limit(1))).first():
                        return False
            return True

        await self.until(done)

    async def compared(self) -> list[Difference]:
        """Compare the days on which we are here: two, where midnight (UTC) comes in between."""
        days = (datetime.now(UTC).date() - self._opened).days
        each = [self._opened + timedelta(days=n) for n in range(days + 1)]
        return [found for day in each for found in await compare(self.database, self.ctx, self.gateway, day)]

    async def held(self, mxid: str = ANNA, **how: Any) -> Appointment:
        """Book online, and wait for the page to pay on."""
        visit = await self.book(mxid, service=self.online, **how)
        assert visit.status is Status.PENDING

        async def has_link() -> bool:
            return (await self.visit(visit)).pay_url is not None

        await self.until(has_link)
        return await self.visit(visit)

    async def pay(self, visit: Appointment, *, come_back: bool = False, card: str = "4242424242424242") -> Ending:
        assert visit.pay_url
        return await pay(visit.pay_url, card, come_back=come_back)

    async def becomes(self, visit: Appointment, status: Status) -> Appointment:
        async def there() -> bool:
            return (await self.visit(visit)).status is status

        await self.until(there)
        await self.quiet()
        return await self.visit(visit)

    async def paid(self, mxid: str = ANNA, **how: Any) -> Appointment:
        visit = await self.held(mxid, **how)
        await self.pay(visit)
        return await self.becomes(visit, Status.BOOKED)

    async def sweep(self) -> int:
        async with self.tx() as tx:
            return await sweep(tx, self.ctx)

    async def payment(self, visit: Appointment) -> Payment:
        async with self.tx() as tx:
            found = await payment_of(tx, visit.id)
        assert found
        return found

    async def ledger(self, visit: Appointment) -> list[LedgerEntry]:
        async with self.tx() as tx:
            return await entries(tx, visit.id)

    async def amounts(self, visit: Appointment) -> list[int]:
        """The ledger's amounts, in order."""
        return [entry.amount.amount for entry in await self.ledger(visit)]

    async def told_of(self, visit: Appointment) -> Counter[tuple[str, str]]:
        """Count what was heard, by what it says and whom it tells (by Matrix id)."""
        await self.quiet()
        names = {str((await self.person(mxid)).id): mxid for mxid in (PAUL, CLARA, OSEI, ANNA, BEN)}
        mine = [each for each in self.heard if each["appointment"] == str(visit.id)]
        return Counter((each["notice"], names[each["person"]]) for each in mine)

    def refunds_at_stripe(self) -> list[str]:
        """The idempotency keys with which refunds were asked for."""
        return [each["key"] for each in self.stripe.requests() if each["path"] == "/v1/refunds" and each["key"]]


async def _nothing(_tx: Tx, _row: Row) -> None:
    """A room, which is the floor above's matter."""


@pytest.fixture
async def clinic(database: Database, stripe_process: StripeProcess) -> AsyncIterator[PayingClinic]:
    stripe_process.forget()  # what became of another test's visits is told to that one alone
    stripe_process.control(
        duplicate=0, reorder=False, delay=0, drop=0, hold=False, fail_next=0, fail_how="error", slow=0
    )
    clinic = PayingClinic(database, stripe_process)
    await clinic.open()
    await clinic.start()
    yield clinic
    await clinic.stop()
