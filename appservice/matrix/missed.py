"""Rooms of which there was no answer when it was asked what had been missed there: written down, to be looked at apart.

In a table, so that whoever leads next looks for it as well.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix.model import missed
from core.database import Tx

_TRIES, _PAUSE = 6, timedelta(minutes=1)
"""How often a room that gives no answer is looked at before it is passed over; the first pause, doubled each time."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing of a room: what was said there between two places of the homeserver's stream."""

    room_id: str
    since: str
    until: str


async def note(tx: Tx, bot: str, gap: Gap) -> None:
    """Write down what is missing; where something of the room was missing already, all up to this."""
    values = {"user_id": bot, "room_id": gap.room_id, "since": gap.since, "until": gap.until, "due_at": tx.now}
    further = {"until": gap.until}
    await tx.conn.execute(
        insert(missed).values(values).on_conflict_do_update(index_elements=["user_id", "room_id"], set_=further)
    )


async def first(tx: Tx, bot: str, most: int) -> list[Gap]:
    """Return what is to be looked at by now, what has waited longest first."""
    found = await tx.conn.execute(
        select(missed.c.room_id, missed.c.since, missed.c.until)
        .where(missed.c.user_id == bot, missed.c.due_at <= tx.now)
        .order_by(missed.c.due_at)
        .limit(most)
    )
    return [Gap(*row) for row in found]


async def forget(tx: Tx, bot: str, gap: Gap) -> None:
    """It has been fetched; not what is missing since."""
    await tx.conn.execute(delete(missed).where(*_room(bot, gap), missed.c.until == gap.until))


async def put_back(tx: Tx, bot: str, gap: Gap) -> bool:
    """There was no answer: it is looked at later; false if that was often enough, and it is passed over."""
    counted = update(missed).where(*_room(bot, gap)).values(tries=missed.c.tries + 1).returning(missed.c.tries)
    tries = (await tx.conn.execute(counted)).scalar_one_or_none()
    if tries is None:
        return True  # it has been fetched meanwhile
    if tries >= _TRIES:
        await tx.conn.execute(delete(missed).where(*_room(bot, gap)))
        return False
    later = tx.now + _PAUSE * 2 ** (tries - 1)
    await tx.conn.execute(update(missed).where(*_room(bot, gap)).values(due_at=later))
    return True


def _room(bot: str, gap: Gap) -> tuple[ColumnElement[bool], ...]:
    return missed.c.user_id == bot, missed.c.room_id == gap.room_id
