"""The keeper, a lobby, and people on a real Synapse that has loaded the module; and on one that has not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from appservice.matrix.consultation import lobby_creation
from appservice.registration import registration
from core.settings import Settings
from demo.certificates import Certificates
from demo.child import free_port
from demo.homeserver import Homeserver
from tests.conftest import HomeserverFactory
from tests.integration.synapse.callers import Caller, consultation_of, new_caller

NewCaller = Callable[..., Awaitable[Caller]]


@dataclass(frozen=True)
class Ward:
    """A homeserver with the module as in production, that federates with one of somebody else's."""

    here: Homeserver
    elsewhere: Homeserver
    keeper: Caller
    bot: Caller
    lobby: str

    async def room(self, *people: tuple[Caller, str]) -> str:
        return await consultation_of(self.keeper, self.lobby, *people)


@pytest.fixture(scope="session")
async def ward(
    service: Settings,
    start_homeserver: HomeserverFactory,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    here = Homeserver(folder, registrations=[folder / "registration.yaml"], certificates=certificates)
    matrix = service.matrix.model_copy(update={"server_name": here.server_name})
    (folder / "registration.yaml").write_text(registration(matrix, f"http://127.0.0.1:{free_port()}"))
    here.start()
    token = matrix.as_token.get_secret_value()
    keeper = Caller(here, token, matrix.keeper_id, masquerade=True)
    bot = Caller(here, token, matrix.bot_id, masquerade=True)
    for ours in (keeper, bot):
        body = {"type": "m.login.application_service", "username": ours.user_id[1:].partition(":")[0]}
        await ours.ask("POST", "register", body | {"inhibit_login": True})
    lobby = await keeper.create(**lobby_creation(keeper.user_id))
    yield Ward(here, start_homeserver(certificates=certificates, policy=None), keeper, bot, lobby)
    here.stop()


@pytest.fixture
def new(ward: Ward) -> NewCaller:
    async def make(name: str, *, on: Homeserver = ward.here) -> Caller:
        return await new_caller(on, name)

    return make
