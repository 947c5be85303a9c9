"""Notices through a homeserver that fails a fifth of all requests, in all the ways that there are: each arrives once.

`python -m benchmarks.outbox` does it with ten thousand.
"""

import asyncio

import pytest
from sqlalchemy import func, select

from appservice.matrix import api
from appservice.outgoing import Reply, post
from core.database import Database
from core.outbox import outbox
from core.settings import Settings
from demo.child import free_port
from demo.homeserver import Homeserver
from demo.proxy import Proxy
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving
from tests.integration.appservice.matrix.faults import Faults

_ROOMS, _EACH = 2, 20


async def test_each_notice_arrives_once_and_in_order(
    settings: Settings,
    homeserver: Homeserver,
    database: Database,
    new_person: NewPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "_TIMEOUT", 2.0)  # more than a homeserver takes that is busy
    faults = Faults(0.0, seed=5, silence=2.2)
    with Proxy(free_port(), lambda _: [homeserver.url], faults.meddle) as proxy:
        matrix = settings.matrix.model_copy(update={"homeserver_url": proxy.url})
        async with serving(settings.model_copy(update={"matrix": matrix})) as (_, echo):
            people = [await new_person("nora") for _ in range(_ROOMS)]
            rooms = [await person.direct_room(matrix.bot_id) for person in people]
            for person, room in zip(people, rooms, strict=True):
                await person.hears("joined", room=room)
            faults.share = 0.2
            async with database.transaction() as tx:
                for n in range(_EACH):
                    for person, room in zip(people, rooms, strict=True):
                        subject, reply = echo.people.id_of(person.mxid), Reply(f"notice {n}.", notice=True)
                        await post(tx, echo.people.vault, subject=subject, room_id=room, key=f"{room} {n}", reply=reply)
            for person, room in zip(people, rooms, strict=True):
                await person.hears(f"notice {_EACH - 1}.", room=room, seconds=120)
            faults.share = 0.0
            await asyncio.sleep(1.0)
            for person, room in zip(people, rooms, strict=True):
                await person.ask(room, "done", "you said done")
                heard = [message.body for message in person.heard if message.body.startswith("notice")]
                assert heard == [f"notice {n}." for n in range(_EACH)]
                assert person.unreadable == []
    assert faults.happened.total() >= 3, faults.happened
    async with database.transaction() as tx:
        assert (await tx.conn.execute(select(func.count()).where(outbox.c.state == "failed"))).scalar_one() == 0
