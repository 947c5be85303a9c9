"""Who verifies the bot is not left waiting when another process leads meanwhile."""

import asyncio
from typing import Any

from appservice.matrix.filtering import EVENT
from core.database import Database
from core.ids import id_of
from core.settings import Settings
from demo.client import PATIENCE, Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving
from tests.integration.appservice.matrix.test_consultation_rooms import until

_STEP = "m.key.verification."


async def test_who_goes_on_with_one_that_another_process_began_is_told_that_it_is_over(
    settings: Settings, database: Database, new_person: NewPerson
) -> None:
    """Not who goes on with what was none with the bot, or not theirs."""
    anna, boris = await new_person("anna"), await new_person("boris")
    bot = settings.matrix.bot_id
    request = {"msgtype": f"{_STEP}request", "from_device": anna.client.device_id, "methods": ["m.sas.v1"], "body": ""}
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.client.room_invite(room, boris.mxid)
        await boris.join(room)
        with_boris = await anna.send_raw(room, "m.room.message", request | {"to": boris.mxid})
        in_clear = await anna.send_raw(room, "m.room.message", request | {"to": bot})
        encrypted = await anna.send(room, "m.room.message", request | {"to": bot})
        ready = await _of_steps(anna, "ready", 2)
        # That it was heard is written down after it was answered: else the other process would go along with it anew.
        await until(database, f"SELECT state FROM inbox WHERE id = '{id_of(f'{EVENT}:{encrypted}')}'", ["done"])
    assert {each["m.relates_to"]["event_id"] for each in ready} == {in_clear, encrypted}
    async with serving(settings):
        for asked in (with_boris, in_clear, encrypted):
            await boris.send_raw(room, f"{_STEP}mac", _about(asked))
            for step in ("start", "key"):
                await anna.send_raw(room, f"{_STEP}{step}", _about(asked))
        cancelled = await _of_steps(anna, "cancel", 2)
        await anna.ask(room, "hello", "you said hello")
    assert [each["m.relates_to"]["event_id"] for each in cancelled] == [in_clear, encrypted]
    assert {each["code"] for each in cancelled} == {"m.unknown_transaction"}
    assert await _of_steps(anna, "cancel", 2) == cancelled


def _about(asked: str) -> dict[str, Any]:
    return {"key": "k", "m.relates_to": {"rel_type": "m.reference", "event_id": asked}}


async def _of_steps(person: Person, step: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many steps of this kind have come; return what is in all that are there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            came = [person.contents[event] for _, event, kind in person.others if kind == f"{_STEP}{step}"]
            if len(came) >= count:
                return came
            await asyncio.sleep(0.05)
