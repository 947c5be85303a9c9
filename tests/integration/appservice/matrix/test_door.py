"""The door for the homeserver: who may in, what is kept, and that a repeat is no repeat."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from appservice.matrix.registry import Registry
from appservice.matrix.transactions import routes
from booking.people.service import person_of
from booking.reach.contacts import choose, let_in
from core.database import Database
from core.inbox import inbox
from core.settings import MatrixSettings
from tests.integration.booking.clinic import context

BASE = "/_matrix/app/v1"
MATRIX = MatrixSettings(hs_token="right", as_token="other")  # type: ignore[arg-type]
GOOD = {"Authorization": "Bearer right"}


@pytest.fixture
async def door(database: Database) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.add_routes(routes(database, MATRIX, Registry(context())))
    async with TestClient(TestServer(app)) as client:
        yield client


def message(event_id: str, **more: Any) -> dict[str, Any]:
    event = {"type": "m.room.message", "event_id": event_id, "room_id": "!r:localhost", "sender": "@anna:localhost"}
    return {**event, "content": {"msgtype": "m.text", "body": "my secret rash"}, **more}


async def rows(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    async with database.transaction() as tx:
        found = await tx.conn.execute(select(inbox.c.kind, inbox.c.lane, inbox.c.payload).order_by(inbox.c.seq))
        return [(row.kind, row.lane, json.loads(row.payload)) for row in found]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 403), ({"Authorization": "Basic right"}, 401), (GOOD, 200)],
)
async def test_only_the_homeserver_comes_in(
    door: TestClient[Any, Any], database: Database, headers: dict[str, str], status: int
) -> None:
    events = {"events": [message("$1")]}
    answer = await door.put(f"{BASE}/transactions/1?access_token=right", json=events, headers=headers)
    assert answer.status == status
    assert len(await rows(database)) == (status == 200)


async def test_without_a_token_of_ours_nobody_comes_in(database: Database) -> None:
    app = web.Application()
    app.add_routes(routes(database, MatrixSettings(), Registry(context())))
    async with TestClient(TestServer(app)) as client:
        for token in ("", " "):
            answer = await client.put(f"{BASE}/transactions/1", json={}, headers={"Authorization": f"Bearer {token}"})
            assert answer.status in (401, 403)


async def test_a_transaction_that_comes_again_is_kept_once(door: TestClient[Any, Any], database: Database) -> None:
    for transaction in ("1", "1", "2"):
        await door.put(f"{BASE}/transactions/{transaction}", json={"events": [message("$1")]}, headers=GOOD)
    assert [(kind, lane) for kind, lane, _ in await rows(database)] == [("matrix", "room:!r:localhost")]


async def test_what_was_said_in_clear_is_not_stored(door: TestClient[Any, Any], database: Database) -> None:
    await door.put(f"{BASE}/transactions/1", json={"events": [message("$1")]}, headers=GOOD)
    ((_, _, kept),) = await rows(database)
    assert "secret" not in json.dumps(kept)


async def test_one_bad_event_does_not_stop_the_others(door: TestClient[Any, Any], database: Database) -> None:
    bad = [
        None,
        7,
        {},
        message("$\x00"),
        message("$2", content=None),
        message("$3", room_id="!\ud800"),
        message("$4", type=None),
    ]
    answer = await door.put(f"{BASE}/transactions/1", json={"events": [*bad, message("$1")]}, headers=GOOD)
    assert answer.status == 200
    assert [kept["event_id"] for _, _, kept in await rows(database)] == ["$1"]


async def test_nothing_of_a_consultation_room_is_kept_but_who_comes_and_goes(
    door: TestClient[Any, Any], database: Database
) -> None:
    async with database.transaction() as tx:
        await tx.conn.exec_driver_sql(
            "INSERT INTO consultation_room VALUES (gen_random_uuid(), '!r:localhost', now(), NULL, NULL)"
        )
    megolm = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "c"}
    member = message("$3", type="m.room.member", state_key="@anna:localhost", content={"membership": "join"})
    events = [message("$1"), message("$2", type="m.room.encrypted", content=megolm), member]
    await door.put(f"{BASE}/transactions/1", json={"events": events}, headers=GOOD)
    assert [kind for kind, _, _ in await rows(database)] == ["matrix.member"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"users/{MATRIX.bot_id}", 200),
        (f"users/{MATRIX.keeper_id}", 200),
        ("users/@careconnect-somebody:localhost", 404),
        ("rooms/%23careconnect-x:localhost", 404),
    ],
)
async def test_users_and_rooms_of_ours_are_known(door: TestClient[Any, Any], path: str, status: int) -> None:
    assert (await door.get(f"{BASE}/{path}", headers=GOOD)).status == status
    assert (await door.get(f"{BASE}/{path}")).status == 401


async def test_a_ping_is_answered(door: TestClient[Any, Any]) -> None:
    answer = await door.post(f"{BASE}/ping", json={"transaction_id": "x"}, headers=GOOD)
    assert (answer.status, await answer.json()) == (200, {})


async def test_the_homeserver_asks_who_may_write_to_whom(door: TestClient[Any, Any], database: Database) -> None:
    async with database.transaction() as tx:
        osei = await person_of(tx, context(), "@osei:localhost")
        await choose(tx, osei, allow_all=False)
        await let_in(tx, osei, "friends.example", allowed=True)

    async def allowed(by: str, user: str = "@osei:localhost") -> bool:
        answer = await door.get("/_careconnect/v1/contact", params={"user": user, "by": by}, headers=GOOD)
        return bool((await answer.json())["allowed"])

    assert not await allowed("@anna:localhost")
    assert await allowed("@ben:friends.example")
    assert await allowed("@anna:localhost", user="@nobody:localhost")
    assert (await door.get("/_careconnect/v1/contact", params={"user": "@a:b", "by": "@c:d"})).status == 401
    assert (await door.get("/_careconnect/v1/contact", headers=GOOD)).status == 400
