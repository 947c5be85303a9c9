"""The process put together: what every replica serves, and what the one that leads does besides."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError

from appservice.auditing import heads
from appservice.auditing.routes import routes as auditing
from appservice.conversation import boards
from appservice.conversation.access_news import AccessNews
from appservice.conversation.attachments import attachments
from appservice.conversation.commands import previewing
from appservice.conversation.daily import DailyLists
from appservice.conversation.importing import CalendarNews, CalendarReading
from appservice.conversation.notices import Notices
from appservice.conversation.payouts import PayoutNews
from appservice.conversation.questions import QuestionNews
from appservice.conversation.service import Conversation
from appservice.conversation.staff import StaffNotices
from appservice.conversation.staff_news import WAY_IN, StaffNews
from appservice.matrix.registration_tokens import RegistrationTokens
from appservice.matrix.registry import Registry
from appservice.matrix.service import MatrixService
from appservice.matrix.store import prune as prune_keys
from appservice.rotating import Rotating
from appservice.watching import routes as watching
from booking import web as pages
from booking.appointments.sweep import sweep
from booking.calendars.feeds.routes import install as install_feeds
from booking.calendars.feeds.versions import count_changes
from booking.consultations.due import close_due, erase_due, open_due
from booking.consultations.line import tell_next
from booking.context import Context
from booking.handover.service import tell_of_age
from booking.imports import polling
from booking.imports import routes as imports
from booking.imports.service import prune_drafts
from booking.lookup.service import Filling
from booking.payments import handlers as payments
from booking.payments import payouts
from booking.payments.capturing import capture_due
from booking.payments.comparison import compare
from booking.payments.events import catch_up
from booking.payments.gateway import Gateway, RejectedError
from booking.payments.routes import routes as payment_routes
from booking.questions import service as questions
from booking.questions import waiting
from booking.reminders.daily import daily_lists
from booking.reminders.service import LATELY, remind
from booking.schedules import freed
from booking.scheduling_links.routes import routes as scheduling_links
from booking.search.bounds import refresh
from booking.sharing.news import NEWS
from booking.staff import news as staff_news
from booking.staff.room import NOTICE as STAFF_NOTICE
from booking.waiting.offering import handler as offering
from booking.waiting.service import prune as prune_waits
from core.database import Database, Tx
from core.inbox import inbox
from core.lanes import Handler, LaterError, prune
from core.logs import log, set_up_logs
from core.outbox import outbox
from core.settings import Settings
from records.audit.sequencing import place_waiting
from records.erasure import carry_out_again, finish
from records.pharmacy.routes import routes as pharmacy
from records.prescriptions.importing import read_written
from records.prescriptions.medications import add_medicines
from records.rotation.replicas import EVERY, withdraw
from records.sealing import Vault
from records.signing.routes import routes as signing_keys

_LARGEST_REQUEST = 64 * 1024 * 1024
"""A transaction may hold a hundred events of 64 KiB, and to-device messages besides."""
_KEPT = timedelta(days=30)
"""How long what was done can still be referred to, by an edit or by a repeat of Stripe's."""
_log = log("appservice")

Job = Callable[[Tx], Awaitable[object]]


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. What is under way then is rolled back, and done by whoever leads next."""
    set_up_logs(settings.log_level)
    if settings.records.medicines:
        added = add_medicines(read_written(settings.records.medicines.read_text("utf-8")))
        _log.info("medicines added", count=added)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(settings.database.url.get_secret_value(), pool=_pool(settings))
    try:
        # The homeserver sets no cookies that would mean anything to us.
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            process = _Process(settings, database, http)
            _spare_what_stays()
            await process.run(stop)
    finally:
        await database.close()


def _spare_what_stays() -> None:
    """Keep the garbage collector from walking over all modules again and again, for a tenth of a second each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _pool(settings: Settings) -> int:
    """As many connections as are set, but enough for two workers of each bot, should this process lead them all."""
    return max(settings.database.pool, 4 + 4 * settings.matrix.shards)


class _Process:
    def __init__(self, settings: Settings, database: Database, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._database = database
        self._ctx = Context(Vault.from_settings(settings.records), settings)
        self._rotating = Rotating(self._ctx, database)
        self._gateway = Gateway(settings.stripe) if settings.stripe.enabled else None
        self._matrix = MatrixService(settings, database, Registry(self._ctx), http)
        tokens = RegistrationTokens(http, settings.matrix)
        self._staff = StaffNews(self._ctx, direct_room=self._matrix.rooms.direct_room, tokens=tokens)

    async def run(self, stop: asyncio.Event) -> None:
        runner = web.AppRunner(self._application(), access_log=None)  # addresses of feeds are secrets
        await runner.setup()
        await web.TCPSite(runner, self._settings.http.host, self._settings.http.port).start()
        clock = self._clock()
        clock.start()
        _log.info("serving", port=self._settings.http.port)
        work = asyncio.ensure_future(self._work())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            clock.shutdown(wait=False)
            work.cancel()
            stopped.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)
            await runner.cleanup()
            await self._run(lambda tx: withdraw(tx, self._rotating.replica))
            if self._gateway:
                await self._gateway.close()
            await self._ctx.vault.close()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.add_routes(
            [
                *self._matrix.routes(),
                *pages.routes(self._database, self._ctx),
                *scheduling_links(self._database, self._ctx),
                *imports.routes(self._database, self._ctx, partial(previewing.connect, self._ctx)),
                *pharmacy(self._database, self._ctx.vault, title=self._settings.matrix.display_name),
                *signing_keys(self._database),
                *(payment_routes(self._database, self._ctx, self._gateway) if self._gateway else ()),
                *auditing(self._database, self._ctx),
                *watching(self._database),
            ]
        )
        install_feeds(application, self._database, self._ctx)
        return application

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen())
            tasks.create_task(self._lead())

    async def _lead(self) -> None:
        """All work on inbox and outbox, while this process holds the bot's device."""
        inbox_handlers: dict[str, Handler] = {}
        outbox_handlers: dict[str, Handler] = {
            "notice": Notices(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            freed.KIND: offering(self._ctx),
            payouts.TOLD: PayoutNews(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            NEWS: AccessNews(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            questions.NEWS: QuestionNews(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            waiting.LONG: QuestionNews(self._ctx, direct_room=self._matrix.rooms.direct_room).long,
            staff_news.NEWS: self._staff.deliver,
            WAY_IN: self._staff.way_in,
            STAFF_NOTICE: StaffNotices(self._ctx).deliver,
            previewing.READ: CalendarReading(self._ctx, self._database).deliver,
            polling.POLL: polling.Polling(self._ctx).deliver,
            polling.TOLD: CalendarNews(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            boards.KIND: boards.Boards(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
            "daily": DailyLists(self._ctx, direct_room=self._matrix.rooms.direct_room).deliver,
        }
        if self._gateway:
            inbox_handlers |= payments.inbox_handlers(self._ctx, self._gateway)
            outbox_handlers |= payments.outbox_handlers(self._ctx, self._gateway)
        direct_room = self._matrix.rooms.direct_room
        conversation = Conversation(self._ctx, direct_room=direct_room, database=self._database)
        await self._matrix.run_as_leader(
            conversation.hear,
            attachments=attachments(self._ctx),
            taker=conversation.take,
            inbox_handlers=inbox_handlers,
            outbox_handlers=outbox_handlers,
            heavy=(previewing.READ, polling.POLL),
        )

    def _clock(self) -> AsyncIOScheduler:
        """What comes due by time. Every replica looks; whoever is second finds nothing left to do."""
        clock = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})

        def every(job: Job, **interval: Any) -> None:
            clock.add_job(self._run, "interval", [job], misfire_grace_time=None, **interval)

        every(lambda tx: remind(tx, self._ctx, LATELY), seconds=5)
        every(lambda tx: remind(tx, self._ctx), minutes=15, next_run_time=datetime.now(UTC))
        every(lambda tx: sweep(tx, self._ctx), seconds=10)
        every(refresh, seconds=5)
        every(count_changes, seconds=10)
        every(daily_lists, minutes=1)
        every(lambda tx: polling.queue_due(tx, self._ctx), seconds=15)
        every(prune_drafts, hours=1)
        every(Filling(self._ctx).look, seconds=10)
        every(lambda tx: tell_of_age(tx, self._ctx), minutes=1)
        every(waiting.tell_of_waiting, minutes=1)
        every(open_due, seconds=5)
        every(tell_next, seconds=10)
        every(close_due, minutes=1)
        every(erase_due, minutes=10)
        every(self._matrix.keeper.lobby.look, seconds=30)
        every(self._matrix.keeper.look, minutes=5)
        every(prune_waits, hours=1)
        every(lambda tx: finish(tx, self._ctx.vault), seconds=5)
        every(lambda tx: carry_out_again(tx, self._ctx.vault), hours=1, next_run_time=datetime.now(UTC))
        every(self._rotating.announce, seconds=EVERY.total_seconds(), next_run_time=datetime.now(UTC))
        clock.add_job(self._rotate, "interval", seconds=2, misfire_grace_time=None)
        every(place_waiting, seconds=1)
        every(lambda tx: heads.sign_if_due(tx, self._ctx), seconds=20)
        every(lambda tx: heads.publish(tx, self._ctx), seconds=20)
        every(prune_keys, hours=1)
        every(lambda tx: prune(tx, inbox, _KEPT), hours=1)
        every(lambda tx: prune(tx, outbox, _KEPT), hours=1)
        if self._gateway:
            every(capture_due, minutes=5)
            clock.add_job(self._compare, "cron", [self._gateway], hour=3, minute=17, misfire_grace_time=3600)
            clock.add_job(self._catch_up, "interval", [self._gateway], hours=1, next_run_time=datetime.now(UTC))
        return clock

    async def _rotate(self) -> None:
        """Keys are exchanged beside all else, where a platform admin has asked for it."""
        try:
            await self._rotating.go()
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)

    async def _compare(self, gateway: Gateway) -> None:
        """The ledger of the day that is over beside Stripe's list; of those before, too, should a night have failed."""
        today = datetime.now(UTC).date()
        try:
            for ago in (3, 2, 1):
                await compare(self._database, self._ctx, gateway, today - timedelta(days=ago))
        except (LaterError, RejectedError, OSError, DBAPIError) as away:
            _log.warning("the ledger was not compared", error=type(away).__name__)

    async def _catch_up(self, gateway: Gateway) -> None:
        """What Stripe could not deliver while we were away."""
        try:
            await catch_up(self._database, self._ctx, gateway)
        except (LaterError, RejectedError, OSError, DBAPIError) as away:
            _log.warning("Stripe's events are not known", error=type(away).__name__)

    async def _run(self, job: Job) -> None:
        try:
            async with self._database.transaction() as tx:
                await job(tx)
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
