"""Who is staff is read before anybody is told: also while somebody else's question has it read for the first time."""

import asyncio
from types import SimpleNamespace
from typing import Any

from careconnect_policy.rules import KIND, LOBBY, STAFF
from careconnect_policy.staff import Staff

KEEPER, DOCTOR = "@careconnect-keeper:care.example", "dr.osei:care.example"
LOBBY_MADE = SimpleNamespace(sender=KEEPER, content={KIND: LOBBY})
SINCE = SimpleNamespace(sender=KEEPER, content={"since": "2026-01-01"})


class Api:
    """What of Synapse's ModuleApi is asked, with a database that takes its time."""

    def __init__(self) -> None:
        self._store = self
        self.reads = 0

    async def get_rooms_for_user(self, user: str) -> list[str]:
        await asyncio.sleep(0)
        return ["!lobby:care.example"] if user == KEEPER else []

    async def get_room_state(self, _room: str, wanted: list[tuple[str, str | None]]) -> dict[tuple[str, str], Any]:
        await asyncio.sleep(0)
        if wanted == [(STAFF, None)]:
            self.reads += 1
            return {(STAFF, DOCTOR): SINCE}
        return {("m.room.create", ""): LOBBY_MADE}


async def test_nobody_is_told_that_there_is_no_staff_while_it_is_being_read() -> None:
    staff = Staff(Api(), KEEPER)  # type: ignore[arg-type]
    assert await asyncio.gather(*(staff.members() for _ in range(3))) == [frozenset({f"@{DOCTOR}"})] * 3


async def test_what_was_read_is_good_for_a_while() -> None:
    api = Api()
    staff = Staff(api, KEEPER)  # type: ignore[arg-type]
    await staff.members()
    await staff.members()
    assert api.reads == 1
