"""Files that a person and the bot sent each other, and that lie on our homeserver: noted, and removed with the person.

The homeserver cannot tell from encrypted events which files they are about, so each is noted here when it is heard of
or sent. The policy module removes them (synapse/careconnect_policy/forgetting.py); those elsewhere are not ours.
"""

import json
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from appservice.incoming import Attached
from appservice.matrix.api import Actor, NotFoundError
from appservice.matrix.model import sent_file
from core.database import Tx
from core.lanes import LaterError, Row
from core.outbox import enqueue

FORGET_FILES = "matrix.forget_files"
"""Outbox kind: have a person's files removed."""
_FORGET = ("", "_synapse", "careconnect", "forget")
_AT_ONCE = 100
_NO_MODULE = 3600.0
_LOOK_AGAIN = 60.0


async def note_sent(tx: Tx, server_name: str, person_id: UUID, addresses: Iterable[object]) -> None:
    """Note files by their mxc addresses; those of other homeservers, and what is no address, are passed over."""
    ours = f"mxc://{server_name}/"
    ids = {each.removeprefix(ours) for each in addresses if isinstance(each, str) and each.startswith(ours)}
    rows = [{"media_id": each, "person_id": person_id, "sent_at": tx.now} for each in sorted(ids)]
    if rows:
        await tx.conn.execute(insert(sent_file).values(rows).on_conflict_do_nothing())


def addresses_of(attached: Attached) -> list[object]:
    """Where a file that somebody sent lies, and its small picture."""
    return [attached.where.get("url"), attached.thumbnail]


async def forget_files(tx: Tx, person_id: UUID, mxid: str) -> None:
    """Have all files of a person's talk with the bot removed, after whatever is still under way."""
    payload = json.dumps({"person": str(person_id), "owner": mxid}).encode()
    await enqueue(tx, kind=FORGET_FILES, lane=f"media:{person_id}", key=f"{FORGET_FILES}:{person_id}", payload=payload)


class SentFiles:
    """Handler of FORGET_FILES."""

    def __init__(self, keeper: Actor) -> None:
        self._keeper = keeper

    async def remove(self, tx: Tx, row: Row) -> str:
        """Have them removed, and leave off only when the homeserver says of each that it is not there."""
        what = json.loads(row.payload)
        of_person = sent_file.c.person_id == UUID(what["person"])
        ids = [*(await tx.conn.execute(select(sent_file.c.media_id).where(of_person))).scalars()]
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            try:
                answer = await self._keeper.post(*_FORGET, body={"user_id": what["owner"], "media": part})
            except NotFoundError as missing:
                raise LaterError("the homeserver has no policy module, or an old one", _NO_MODULE) from missing
            if {*part} - {*answer["gone"], *answer["kept"]}:
                raise LaterError("a file is still there", _LOOK_AGAIN)
        await tx.conn.execute(delete(sent_file).where(of_person))
        return f"{len(ids)} files"
