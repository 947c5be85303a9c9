"""Registration tokens on a real Synapse."""

import secrets
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from appservice.matrix.api import MatrixError
from appservice.matrix.registration_tokens import RegistrationTokens
from core.settings import MatrixSettings
from demo.homeserver import Homeserver


async def test_a_token_is_made_once_and_is_good_for_one_account(homeserver: Homeserver) -> None:
    name = f"admin-{secrets.token_hex(3)}"
    homeserver.register(name, "pw", admin=True)
    expires = datetime.now(UTC) + timedelta(days=7)
    token = secrets.token_hex(16)
    async with aiohttp.ClientSession(homeserver.url) as http:
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": "pw"}
        async with http.post("/_matrix/client/v3/login", json=login) as answer:
            admin = (await answer.json())["access_token"]
        matrix = MatrixSettings(homeserver_url=homeserver.url, admin_token=admin)
        for _ in range(2):
            await RegistrationTokens(http, matrix).make(token, expires)
        path = f"/_synapse/admin/v1/registration_tokens/{token}"
        async with http.get(path, headers={"Authorization": f"Bearer {admin}"}) as answer:
            made = await answer.json()
        assert made["uses_allowed"] == 1
        assert made["expiry_time"] == int(expires.timestamp() * 1000)
        with pytest.raises(MatrixError):
            await RegistrationTokens(http, matrix).make("not a token!", expires)
