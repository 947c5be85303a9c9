"""The bots, when there are several: which speaks in which room, and which is a centre's.

A device can be held by one process alone, so one bot is the most that one process can do; several bots share the work.
A person has one chat all the same: the room in which they last talked, whichever bot is in it. A room's bot is written
down when it comes there (core.shards), a centre's bot when it is first needed.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix.api import Actor, Api
from appservice.matrix.model import centre_shard
from appservice.outgoing import lanes_of
from core.database import Database, Tx
from core.ids import dealt_to
from core.settings import MatrixSettings
from core.shards import assign, release, shard_of


class Bots:
    """Any replica may use it: it makes no use of keys."""

    def __init__(self, api: Api, matrix: MatrixSettings, database: Database) -> None:
        self._database = database
        self._actors = [api.acting(bot) for bot in matrix.bot_ids]

    def number(self, shard: int) -> Actor:
        """The bot of a shard; of one that is not configured any more, the first."""
        return self._actors[shard] if shard < len(self._actors) else self._actors[0]

    async def in_room(self, tx: Tx, room_id: str) -> Actor:
        """The bot that is in a room."""
        if len(self._actors) == 1:
            return self._actors[0]
        return self.number(await shard_of(tx, lanes_of(room_id)[0]))

    async def comes(self, room_id: str, bot: Actor) -> None:
        """A bot has made a room: what is said there is its work from now on.

        Committed at once, before anybody is invited: who comes in the next moment may speak before their room is
        written down, and would be heard by a bot that is not there.
        """
        if len(self._actors) > 1:
            async with self._database.transaction() as tx:
                await assign(tx, lanes_of(room_id), self._actors.index(bot))

    async def goes(self, tx: Tx, room_id: str) -> None:
        """The bot has left a room."""
        if len(self._actors) > 1:
            await release(tx, lanes_of(room_id))

    def for_person(self, person_id: UUID) -> Actor:
        """Who begins the talk with somebody who has not begun it."""
        return self._actors[dealt_to(person_id, len(self._actors))]

    async def of_centre(self, tx: Tx, centre_id: UUID) -> Actor:
        """The bot of a centre: of its staff room. It stays when bots are added."""
        if len(self._actors) == 1:
            return self._actors[0]
        given = {"centre_id": centre_id, "shard": dealt_to(centre_id, len(self._actors))}
        await tx.conn.execute(insert(centre_shard).values(given).on_conflict_do_nothing())
        found = await tx.conn.execute(select(centre_shard.c.shard).where(centre_shard.c.centre_id == centre_id))
        return self.number(found.scalar_one())


async def invited(tx: Tx, matrix: MatrixSettings, user_id: str, room_id: str) -> None:
    """Somebody invites this user of ours: if it is a bot, the room is its work."""
    if len(matrix.bot_ids) > 1 and user_id in matrix.bot_ids:
        await assign(tx, lanes_of(room_id), matrix.bot_ids.index(user_id))
