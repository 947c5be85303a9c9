"""The demo's homeserver is a real Synapse with the service registered; two of them federate."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from core.settings import Settings
from demo.certificates import Certificates
from demo.homeserver import Homeserver
from tests.conftest import HomeserverFactory


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(
    http: aiohttp.ClientSession, homeserver: Homeserver, method: str, path: str, token: str = "", **body: Any
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(
        method, f"{homeserver.url}/_matrix/client/v3{path}", headers=headers, json=body or None
    ) as answer:
        return dict(await answer.json())


async def log_in(http: aiohttp.ClientSession, homeserver: Homeserver, user: str, password: str) -> str:
    identifier = {"type": "m.id.user", "user": user}
    answer = await ask(
        http, homeserver, "POST", "/login", type="m.login.password", identifier=identifier, password=password
    )
    return str(answer["access_token"])


async def test_an_account_made_twice_stays_as_it_is(http: aiohttp.ClientSession, homeserver: Homeserver) -> None:
    assert homeserver.register("amina", "first") == "@amina:localhost"
    assert homeserver.register("amina", "second") == "@amina:localhost"
    assert await log_in(http, homeserver, "amina", "first")


async def test_a_patient_can_register_without_an_email(http: aiohttp.ClientSession, homeserver: Homeserver) -> None:
    answer = await ask(
        http, homeserver, "POST", "/register", username="newcomer", password="pw", auth={"type": "m.login.dummy"}
    )
    assert answer["user_id"] == "@newcomer:localhost"


@pytest.mark.parametrize("name", ["careconnect", "careconnect-support", "careconnect-keeper"])
async def test_nobody_registers_a_name_of_the_service(
    http: aiohttp.ClientSession, homeserver: Homeserver, name: str
) -> None:
    answer = await ask(
        http, homeserver, "POST", "/register", username=name, password="pw", auth={"type": "m.login.dummy"}
    )
    assert answer["errcode"] == "M_EXCLUSIVE"


async def test_the_service_is_the_keeper(
    http: aiohttp.ClientSession, homeserver: Homeserver, service: Settings
) -> None:
    who = await ask(http, homeserver, "GET", "/account/whoami", service.matrix.as_token.get_secret_value())
    assert who["user_id"] == "@careconnect-keeper:localhost"


async def test_two_homeservers_federate(
    http: aiohttp.ClientSession, start_homeserver: HomeserverFactory, certificates: Certificates
) -> None:
    here, there = (start_homeserver(certificates=certificates) for _ in range(2))
    here.register("anna", "pw")
    bela = there.register("bela", "pw")
    anna_token, bela_token = await log_in(http, here, "anna", "pw"), await log_in(http, there, "bela", "pw")
    room = (await ask(http, here, "POST", "/createRoom", anna_token, preset="private_chat", invite=[bela]))["room_id"]
    await ask(http, there, "POST", f"/join/{room}?server_name={here.server_name}", bela_token, reason="hello")
    members = await ask(http, here, "GET", f"/rooms/{room}/joined_members", anna_token)
    assert bela in members["joined"]


async def test_data_outlives_a_restart(http: aiohttp.ClientSession, start_homeserver: HomeserverFactory) -> None:
    homeserver = start_homeserver()
    homeserver.register("anna", "pw")
    homeserver.stop()
    homeserver.start()
    assert await log_in(http, homeserver, "anna", "pw")
