"""The keeper, a lobby, and people on a real Synapse that has loaded the module; and on one that has not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest
from aiohttp import web

from appservice.matrix.consultation import lobby_creation
from appservice.matrix.registry import Registry
from appservice.matrix.transactions import routes
from appservice.registration import registration
from booking.context import Context
from core.database import Database
from core.settings import DatabaseSettings, Settings
from demo.certificates import Certificates
from demo.child import free_port
from demo.homeserver import Homeserver
from demo.postgres import Postgres
from records.sealing import Vault
from tests.conftest import HomeserverFactory
from tests.integration.synapse.callers import Caller, consultation_of, new_caller

NewCaller = Callable[..., Awaitable[Caller]]


class Door:
    """The door at which the homeserver asks: careConnect's own."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.port = settings.http.port
        self._routes = routes(database, settings.matrix, Registry(context(settings)))
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        application = web.Application()
        application.add_routes(self._routes)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def close(self) -> None:
        assert self._runner
        await self._runner.cleanup()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """careConnect is away."""
        await self.close()
        try:
            yield
        finally:
            await self.open()


def context(settings: Settings) -> Context:
    return Context(Vault.from_settings(settings.records), settings)


@dataclass(frozen=True)
class Ward:
    """A homeserver with the module as in production, that federates with one of somebody else's."""

    here: Homeserver
    elsewhere: Homeserver
    keeper: Caller
    bot: Caller
    doctor: Caller
    """One of the staff, before the module read who is: it does so every ten seconds."""
    specialist: Caller
    """The same, of the other homeserver."""
    lobby: str
    ctx: Context
    database: Database
    door: Door

    async def room(self, *people: tuple[Caller, str]) -> str:
        return await consultation_of(self.keeper, self.lobby, *people)


@pytest.fixture(scope="session")
async def ward(
    service: Settings,
    postgres: Postgres,
    start_homeserver: HomeserverFactory,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    here = Homeserver(
        folder,
        registrations=[folder / "registration.yaml"],
        certificates=certificates,
        settings={
            "server_notices": {"system_mxid_localpart": "notices"},
            "enable_registration": True,
            "registration_requires_token": True,
        },
    )
    matrix = service.matrix.model_copy(update={"server_name": here.server_name})
    name = f"ward{uuid4().hex}"
    postgres.create(name, template="template")
    settings = service.model_copy(
        update={
            "matrix": matrix,
            "database": DatabaseSettings(url=postgres.url(name)),
            "http": service.http.model_copy(update={"port": free_port()}),
        }
    )
    database = Database(postgres.url(name), pool=4)
    (folder / "registration.yaml").write_text(registration(matrix, f"http://127.0.0.1:{settings.http.port}"))
    here.start()
    token = matrix.as_token.get_secret_value()
    keeper = Caller(here, token, matrix.keeper_id, masquerade=True)
    bot = Caller(here, token, matrix.bot_id, masquerade=True)
    for ours in (keeper, bot):
        body = {"type": "m.login.application_service", "username": ours.user_id[1:].partition(":")[0]}
        await ours.ask("POST", "register", body | {"inhibit_login": True})
    lobby = await keeper.create(**lobby_creation(keeper.user_id))
    elsewhere = start_homeserver(certificates=certificates, policy=None)
    doctor, specialist = await new_caller(here, "doctor"), await new_caller(elsewhere, "specialist")
    for one in (doctor, specialist):
        await keeper.put_state(lobby, "org.careconnect.staff", one.user_id[1:], {"since": 1})
    door = Door(settings, database)
    await door.open()
    yield Ward(here, elsewhere, keeper, bot, doctor, specialist, lobby, context(settings), database, door)
    await door.close()
    here.stop()
    await database.close()
    postgres.drop(name)


@pytest.fixture
def new(ward: Ward) -> NewCaller:
    async def make(name: str, *, on: Homeserver = ward.here) -> Caller:
        return await new_caller(on, name)

    return make
