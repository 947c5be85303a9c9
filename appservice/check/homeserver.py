"""The homeserver: does it answer, does it know the service by its tokens and names, and does it reach us."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from appservice.check.database import clock_finding
from appservice.check.finding import Finding, ok, wrong
from core.settings import MatrixSettings, Settings

_RENEW = "Make the registration anew with `careconnect registration`, and restart the homeserver with it."


async def check_homeserver(settings: Settings) -> AsyncIterator[Finding]:
    matrix = settings.matrix
    timeout = aiohttp.ClientTimeout(total=15)
    base = matrix.homeserver_url.rstrip("/") + "/"
    try:
        async with aiohttp.ClientSession(base, timeout=timeout) as http:
            async for finding in _findings(http, matrix):
                yield finding
    except (OSError, aiohttp.ClientError, ValueError) as away:
        yield wrong(
            "homeserver",
            f"It does not answer as one ({type(away).__name__}).",
            "Start it, or correct homeserver_url in [matrix].",
        )


async def _ask(
    http: aiohttp.ClientSession, matrix: MatrixSettings, method: str, path: str, **how: Any
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {matrix.as_token.get_secret_value()}"}
    async with http.request(method, f"_matrix/client/{path}", headers=headers, **how) as answer:
        return answer.status, dict(await answer.json())


async def _findings(http: aiohttp.ClientSession, matrix: MatrixSettings) -> AsyncIterator[Finding]:
    # Without our token: what answers should be seen to be a homeserver even if it refuses that.
    async with http.get("_matrix/client/versions") as answer:
        versions = [str(version) for version in (await answer.json()).get("versions", [])]
        date = answer.headers.get("Date")
    if not versions:
        yield wrong("homeserver", "What answers there is not a homeserver.", "Correct homeserver_url in [matrix].")
        return
    yield ok("homeserver", f"It answers, and speaks Matrix up to {versions[-1]}.")
    if date:
        yield clock_finding("The homeserver's", parsedate_to_datetime(date), datetime.now(UTC))
    status, who = await _ask(http, matrix, "GET", "v3/account/whoami")
    if status != 200:
        yield wrong("registration", "The homeserver does not know our as_token.", _RENEW)
        return
    yield _names(matrix, str(who["user_id"]))
    for bot in matrix.bot_ids:
        yield await _namespace(http, matrix, bot)
    yield await _ping(http, matrix)
    yield await _policy(http, matrix)


def _names(matrix: MatrixSettings, sender: str) -> Finding:
    server = sender.partition(":")[2]
    if server != matrix.server_name:
        return wrong(
            "server name",
            f"The homeserver calls itself {server}, the configuration {matrix.server_name}.",
            "Correct server_name in [matrix].",
        )
    if sender != matrix.keeper_id:
        return wrong("registration", f"Its sender_localpart is not the keeper, {matrix.keeper}.", _RENEW)
    return ok("registration", f"The homeserver {server} knows the service, and its keeper.")


async def _namespace(http: aiohttp.ClientSession, matrix: MatrixSettings, bot: str) -> Finding:
    status, answer = await _ask(http, matrix, "GET", "v3/account/whoami", params={"user_id": bot})
    # Before the service's first start the bot has no account; the homeserver tells that apart from "not yours".
    if status == 200 or "not registered" in str(answer.get("error")):
        return ok("bot", f"{bot} is in the service's namespace.")
    return wrong("bot", f"{bot} is not in the service's namespace.", _RENEW)


async def _policy(http: aiohttp.ClientSession, matrix: MatrixSettings) -> Finding:
    """Whether the homeserver has loaded synapse/careconnect_policy: it answers that the room is missing."""
    headers = {"Authorization": f"Bearer {matrix.as_token.get_secret_value()}"}
    how = {"params": {"user_id": matrix.keeper_id}, "json": {}, "headers": headers}
    async with http.post("_synapse/careconnect/erase", **how) as answer:  # type: ignore[arg-type]
        status = answer.status
    if status == 400:
        return ok("policy", "The homeserver has the rules of consultation rooms.")
    if status == 403:
        return wrong("policy", f"The module's `keeper` is not {matrix.keeper}.", "Correct it in homeserver.yaml.")
    return wrong(
        "policy",
        "The homeserver has not loaded the policy module: rooms are not held to their rules, nor erased.",
        "Load it: docs/rooms.md says how.",
    )


async def _ping(http: aiohttp.ClientSession, matrix: MatrixSettings) -> Finding:
    status, answer = await _ask(http, matrix, "POST", f"v1/appservice/{matrix.service_id}/ping", json={})
    if status == 200:
        return ok("ping", f"The homeserver reaches careConnect in {answer.get('duration_ms')} ms.")
    match answer.get("errcode"):
        case "M_FORBIDDEN":
            return wrong("ping", f"The registration's id is not {matrix.service_id}.", _RENEW)
        case "M_BAD_STATUS" if answer.get("status") in (401, 403):
            return wrong("ping", "careConnect refuses the homeserver: they hold different hs_tokens.", _RENEW)
        case "M_BAD_STATUS":
            return wrong(
                "ping",
                f"What answers at the registration's url is not careConnect (status {answer.get('status')}).",
                "Correct `url` in the registration, or what listens there.",
            )
    return wrong(
        "ping",
        "The homeserver cannot reach careConnect.",
        "Start careConnect; if it runs, correct `url` in the registration: the address as the homeserver sees it.",
    )
