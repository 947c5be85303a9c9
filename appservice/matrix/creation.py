"""Making a room exactly once, though the process may die between asking for it and writing down its id.

The room is asked for with an alias that follows from what it is for and that nobody can guess. Whoever asks again
finds the alias taken, and by it the room. Once the id is written down the alias is taken away.
"""

import asyncio
import contextlib

from appservice.matrix.api import Actor, AwayError, ForbiddenError, Json, MatrixError, NotFoundError
from appservice.matrix.sealing import unguessable
from core.settings import MatrixSettings

_LOOKS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between looks at a room whose alias is taken and that is not whole."""
ENCRYPTED: Json = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


def alias_for(matrix: MatrixSettings, purpose: str) -> str:
    """Return the alias under which the room for this purpose is made."""
    return f"#careconnect-{unguessable(matrix, purpose)}:{matrix.server_name}"


async def create_once(actor: Actor, alias: str, body: Json) -> str:
    """Make the room, or find the one made before. Returns its id. Raises AwayError, MatrixError.

    `body` has to hold ENCRYPTED in its initial state and invite nobody. A room that the homeserver was killed in the
    middle of making is left behind empty for a new one.
    """
    localpart = alias[1:].partition(":")[0]
    try:
        made = await actor.post("createRoom", body=body | {"room_alias_name": localpart})
        return str(made["room_id"])
    except MatrixError as taken:
        if taken.code != "M_ROOM_IN_USE":
            raise
    for pause in (0.0, *_LOOKS):
        await asyncio.sleep(pause)  # the alias comes first: somebody may be making it at this moment
        if room_id := await _whole(actor, alias):
            return room_id
    await _remove(actor, alias)
    raise AwayError("a room was half made")


async def _whole(actor: Actor, alias: str) -> str | None:
    """The room that an alias leads to, if all of it is made."""
    try:
        room_id = str((await actor.get("directory", "room", alias))["room_id"])
        await actor.get("rooms", room_id, "state", "m.room.encryption", "")
    except (NotFoundError, ForbiddenError):
        return None
    return room_id


async def remove_alias(actor: Actor, alias: str, room_id: str) -> None:
    """Take the alias away from a room whose id is written down; that it is gone already is fine."""
    with contextlib.suppress(ForbiddenError):  # not there any more
        await actor.put("rooms", room_id, "state", "m.room.canonical_alias", "")
    await _remove(actor, alias)


async def _remove(actor: Actor, alias: str) -> None:
    try:
        await actor.delete("directory", "room", alias)
    except NotFoundError:
        return


async def invite(actor: Actor, room_id: str, mxid: str, *, is_direct: bool = False) -> None:
    """Invite a person unless they are invited or there already. Raises AwayError, MatrixError."""
    try:
        member = await actor.get("rooms", room_id, "state", "m.room.member", mxid)
        if member.get("membership") in ("invite", "join"):
            return
    except NotFoundError:
        pass  # never been there
    body = {"membership": "invite", **({"is_direct": True} if is_direct else {})}
    await actor.put("rooms", room_id, "state", "m.room.member", mxid, body=body)


async def leave(actor: Actor, room_id: str) -> None:
    """Leave for good; that we are not there is fine."""
    for step in ("leave", "forget"):
        try:
            await actor.post("rooms", room_id, step)
        except (ForbiddenError, NotFoundError):
            continue
