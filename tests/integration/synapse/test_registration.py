"""Who was handed a registration token makes an account with it, as clients do; nobody else does, and once."""

import secrets
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import SecretStr

from appservice.matrix.registration_tokens import RegistrationTokens
from tests.integration.synapse.callers import Caller, Json
from tests.integration.synapse.conftest import NewCaller, Ward
from tests.integration.synapse.test_policy import make_admin


async def register(ward: Ward, token: str) -> tuple[int, Json]:
    """https://spec.matrix.org/v1.16/client-server-api/#token-authenticated-registration"""
    nobody = Caller(ward.here, "", "")
    account = {"username": f"novak-{secrets.token_hex(4)}", "password": secrets.token_hex(8), "inhibit_login": True}
    status, asked = await nobody.ask("POST", "register", account)
    assert status == 401, asked
    assert all("m.login.registration_token" in each["stages"] for each in asked["flows"])
    for stage in ({"type": "m.login.registration_token", "token": token}, {"type": "m.login.dummy"}):
        status, answer = await nobody.ask("POST", "register", account | {"auth": stage | {"session": asked["session"]}})
        if status == 200 or "errcode" in answer:
            break
    return status, answer


async def test_an_account_is_made_with_a_token_alone_and_once(ward: Ward, new: NewCaller) -> None:
    admin, token = await new("admin"), secrets.token_hex(16)
    make_admin(ward, admin)
    assert (await register(ward, token))[0] == 401
    matrix = ward.ctx.settings.matrix.model_copy(
        update={"homeserver_url": ward.here.url, "admin_token": SecretStr(admin.token)}
    )
    async with aiohttp.ClientSession() as http:
        await RegistrationTokens(http, matrix).make(token, datetime.now(UTC) + timedelta(days=7))
    status, account = await register(ward, token)
    assert (status, account["user_id"].startswith("@novak-")) == (200, True)
    assert (await register(ward, token))[0] == 401
