"""The Matrix service put together: the door for every replica, and the work of the one that leads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

import aiohttp
import psycopg
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from appservice.incoming import FileTaker, Listener
from appservice.matrix import filtering, rooms
from appservice.matrix.api import Api, AwayError, MatrixError
from appservice.matrix.bots import Bots
from appservice.matrix.catching_up import CatchingUp
from appservice.matrix.device import Device, drop_devices, register, start_device
from appservice.matrix.fetching import Fetching
from appservice.matrix.inbound import Inbound
from appservice.matrix.keeper import Keeper
from appservice.matrix.leader import Fairness, lead, lock_key
from appservice.matrix.members import Members
from appservice.matrix.outbound import Outbound
from appservice.matrix.people import People
from appservice.matrix.rooms import DirectRooms
from appservice.matrix.staff_rooms import StaffRooms
from appservice.matrix.strangers import Strangers
from appservice.matrix.sync import SyncLoop
from appservice.matrix.transactions import routes
from appservice.outgoing import END_POLL, FETCH, FILE, LEAVE, MESSAGE, REACTIONS, UNTAP, Attachments, adorns
from core import figures
from core.database import Database
from core.inbox import inbox
from core.lanes import Handler, LaneWorker, Mourner
from core.logs import log
from core.outbox import outbox
from core.precedence import Precedence
from core.settings import Settings
from core.shards import Share

_AGAIN = 1.0
"""Seconds between two looks whether a homeserver that was away is back."""
_log = log("appservice.matrix")


class MatrixService:
    """careConnect on Matrix. One for each process; of each bot, `run_as_leader` works in one of them at a time."""

    def __init__(self, settings: Settings, database: Database, people: People, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._matrix = settings.matrix
        self._database = database
        self._people = people
        self._api = Api(http, settings.matrix)
        self.bots = Bots(self._api, self._matrix, database)
        self.rooms = DirectRooms(self.bots, self._matrix)
        self.staff = StaffRooms(people, self.bots, self._matrix)
        self.keeper = Keeper(people, self._api.acting(self._matrix.keeper_id), self._matrix)

    def routes(self) -> list[web.RouteDef]:
        """The homeserver's door. Its transactions may be large: the web application has to take 64 MiB."""
        return routes(self._database, self._matrix, self._people)

    async def run_as_leader(
        self,
        listener: Listener,
        *,
        attachments: Attachments,
        taker: FileTaker,
        inbox_handlers: Mapping[str, Handler],
        outbox_handlers: Mapping[str, Handler],
        heavy: Collection[str] = (),
    ) -> None:
        """Work whenever this process holds a bot's device, until cancelled; several bots are shared out fairly.

        `listener` hears people, `taker` takes the files that they send; the handlers are those of inbox and outbox
        kinds that are not Matrix's own. `heavy`: those of the outbox, besides files, that could end the process.
        """

        async def work(shard: int, connection: psycopg.Connection) -> None:
            bot = self._matrix.bots[shard]
            with figures.leading.labels(bot).track_inprogress():
                figures.took_lead.labels(bot).inc()
                try:
                    device = await self._start(connection, bot)
                except AwayError:
                    device = await self._start_late(shard, connection, inbox_handlers, outbox_handlers, heavy)
                await run(shard, device)

        async def run(shard: int, device: Device) -> None:
            strangers = Strangers(self._matrix)
            inbound = Inbound(self._people, device, self.rooms, strangers, listener)
            members = Members(device, inbound, self.rooms, self.keeper, self.staff, strangers)
            outbound = Outbound(self._people, device, self.rooms, attachments)
            fetching = Fetching(self._people, device, taker)
            hear: dict[str, Handler] = {
                filtering.EVENT: inbound.event,
                filtering.UNREADABLE: inbound.unreadable,
                filtering.MEMBER: members.changed,
                **inbox_handlers,
            }
            do: dict[str, Handler] = {
                MESSAGE: outbound.message,
                FILE: outbound.file,
                REACTIONS: outbound.reactions,
                UNTAP: outbound.untap,
                END_POLL: outbound.end_poll,
                FETCH: fetching.fetch,
                rooms.UNALIAS: self.rooms.unalias,
                LEAVE: self.rooms.leave,
                **self.keeper.handlers(),
                **self.staff.handlers(),
                **outbox_handlers,
            }
            mourn_hearing: dict[str, Mourner] = {filtering.EVENT: inbound.mourn}
            mourn_doing: dict[str, Mourner] = {
                MESSAGE: outbound.mourn,
                FILE: outbound.mourn_file,
                FETCH: fetching.mourn,
                **self.keeper.mourners(),
            }
            async with device.attention, device.asking, asyncio.TaskGroup() as tasks:
                tasks.create_task(SyncLoop(self._database, device).run())
                tasks.create_task(CatchingUp(self._database, device, self._matrix, self._ping).run())
                share = self._share(shard, {*inbox_handlers, *outbox_handlers})
                order = Precedence(adorns)
                ears = LaneWorker(self._database, inbox, hear, mourn_hearing, share, precedence=order)
                hands = LaneWorker(self._database, outbox, do, mourn_doing, share, {FILE, FETCH, *heavy}, order)
                tasks.create_task(_listen(device, ears))
                tasks.create_task(hands.run())
                tasks.create_task(_every(1, inbound.wake_overdue, self._database))

        fairness = Fairness(self._matrix.shards)
        async with asyncio.TaskGroup() as leaders:
            for shard, bot in enumerate(self._matrix.bot_ids):
                leaders.create_task(lead(self._database.url, lock_key(bot), partial(work, shard), fairness))

    def _share(self, shard: int, anywhere: set[str]) -> Share:
        """What this bot's worker does: what its rooms ask for, and its part of what needs no device."""
        kinds = anywhere | {*self.keeper.handlers(), *self.staff.handlers(), rooms.UNALIAS, LEAVE}
        return Share(shard, self._matrix.shards, frozenset(kinds))

    async def _start_late(
        self,
        shard: int,
        connection: psycopg.Connection,
        inbox_handlers: Mapping[str, Handler],
        outbox_handlers: Mapping[str, Handler],
        heavy: Collection[str],
    ) -> Device:
        """Wait for a homeserver that is away, and do meanwhile what does not need it: payments, what comes free."""
        share = self._share(shard, {*inbox_handlers, *outbox_handlers})
        ears, hands = (replace(share, only=frozenset(kinds)) for kinds in (inbox_handlers, outbox_handlers))
        workers = (
            LaneWorker(self._database, inbox, dict(inbox_handlers), share=ears),
            LaneWorker(self._database, outbox, dict(outbox_handlers), share=hands, heavy=heavy),
        )
        _log.warning("the homeserver is away: leading without it")
        async with asyncio.TaskGroup() as tasks:
            meanwhile = [tasks.create_task(worker.run()) for worker in workers]
            while True:
                await asyncio.sleep(_AGAIN)
                try:
                    device = await self._start(connection, self._matrix.bots[shard])
                except AwayError:
                    continue
                break
            for task in meanwhile:
                task.cancel()
        return device

    async def _start(self, connection: psycopg.Connection, bot: str) -> Device:
        logging.getLogger("nio").setLevel(logging.CRITICAL)  # it reports what strangers send: theirs to flood
        device = await start_device(self._api, self._matrix, connection, bot)
        await register(self._api, self._matrix.keeper, self._matrix.keeper_id)
        await drop_devices(self._api.acting(self._matrix.keeper_id))
        await self._name(device.bot.user_id, self._matrix.display_name)
        await self._name(self._matrix.keeper_id, f"{self._matrix.display_name} (opens consultation rooms)")
        await self._ping()
        return device

    async def _name(self, user_id: str, name: str) -> None:
        actor = self._api.acting(user_id)
        if (await actor.get("profile", user_id)).get("displayname") != name:
            await actor.put("profile", user_id, "displayname", body={"displayname": name})

    async def _ping(self) -> None:
        """Have the homeserver try us now: after we were away it would wait for up to nine minutes."""
        path = ("", "_matrix", "client", "v1", "appservice", self._matrix.service_id, "ping")
        try:
            await self._api.acting(self._matrix.keeper_id).post(*path)
        except (AwayError, MatrixError) as unreached:
            _log.warning("the homeserver cannot reach us", reason=str(unreached))


async def _listen(device: Device, worker: LaneWorker) -> None:
    """Hear what came while nobody was here only once its keys are in: in the order in which it was said."""
    await device.caught_up.wait()
    await worker.run()


async def _every(seconds: float, work: Callable[[Database], Awaitable[None]], database: Database) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work(database)
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
