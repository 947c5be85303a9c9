"""The lobby: a room in which the keeper is alone. Who is in it is let into consultation rooms; its state says who is
staff, so that the homeserver's policy module knows whom patients may invite."""

import json

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix.api import Actor, ForbiddenError, NotFoundError
from appservice.matrix.consultation import STAFF, lobby_creation
from appservice.matrix.creation import create_once
from appservice.matrix.model import listed_staff
from appservice.matrix.people import People
from core.database import Tx
from core.lanes import Row
from core.outbox import Work, put
from core.settings import MatrixSettings

LIST = "staff.list"


class Lobby:
    """The keeper's own room. Its alias stays: by that it is found."""

    def __init__(self, people: People, keeper: Actor, matrix: MatrixSettings) -> None:
        self._people = people
        self._keeper = keeper
        self._matrix = matrix
        self._room_id: str | None = None

    async def room_id(self) -> str:
        """Return the lobby's id; it is made the first time. Raises AwayError, MatrixError."""
        if self._room_id is None:
            # Our namespace: nobody else can take it, and nobody is let in by it.
            alias = f"#careconnect-lobby-{self._matrix.keeper}:{self._matrix.server_name}"
            self._room_id = await create_once(self._keeper, alias, lobby_creation(self._keeper.user_id))
        return self._room_id

    async def look(self, tx: Tx) -> int:
        """Have written down who has become staff, and who no longer is; returns how many. Any replica does it."""
        now = await self._people.all_staff(tx)
        listed = {row.mxid for row in await tx.conn.execute(select(listed_staff.c.mxid))}
        changed = [*((mxid, True) for mxid in sorted(now - listed)), *((mxid, False) for mxid in sorted(listed - now))]
        for mxid, staff in changed:
            if staff:
                await tx.conn.execute(insert(listed_staff).values(mxid=mxid).on_conflict_do_nothing())
            else:
                await tx.conn.execute(delete(listed_staff).where(listed_staff.c.mxid == mxid))
        await put(
            tx,
            [
                # One lane: who comes, goes and comes again is staff in the end.
                Work(LIST, "staff", f"{LIST}:{mxid}:{staff}:{tx.now.isoformat()}", _json(mxid, staff=staff))
                for mxid, staff in changed
            ],
        )
        return len(changed)

    async def write(self, tx: Tx, row: Row) -> None:
        """Outbox handler: tell the homeserver of one."""
        what = json.loads(row.payload)
        content = {"since": int(tx.now.timestamp() * 1000)} if what["staff"] else {}
        key = what["mxid"].removeprefix("@")
        try:
            await self._keeper.put("rooms", await self.room_id(), "state", STAFF, key, body=content)
        except (ForbiddenError, NotFoundError):
            self._room_id = None  # a homeserver that was set up anew
            raise


def _json(mxid: str, *, staff: bool) -> bytes:
    return json.dumps({"mxid": mxid, "staff": staff}).encode()
