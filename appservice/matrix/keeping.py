"""What the steps of a consultation room's life have in common: its row, the next step, a notice, a way back."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row as Found
from sqlalchemy import select, update

from appservice.matrix.api import Actor, ForbiddenError, Json, NotFoundError
from appservice.matrix.model import consultation_room
from appservice.outgoing import lane_of
from core.database import Tx
from core.outbox import Work, enqueue, put

OPEN, SETTLE, INVITE, ADMIT, LEAVE = "room.open", "room.settle", "room.invite", "room.admit", "room.leave"
REGROUP, LOOK, CLOSE, ERASE = "room.team", "room.look", "room.close", "room.erase"
"""Kinds of outbox rows, in the order of a room's life."""
DOCTOR = "doctor"
"""Stands for whoever is the visit's doctor by then, in a row of INVITE."""

RoomRow = Found[tuple[Any, ...]]


async def room_of_visit(tx: Tx, appointment_id: UUID) -> RoomRow | None:
    """Return the visit's row of consultation_room."""
    found = await tx.conn.execute(select(consultation_room).where(consultation_room.c.appointment_id == appointment_id))
    return found.one_or_none()


async def step(tx: Tx, kind: str, what: Json, name: str) -> None:
    """Write down the next step of a visit's room, once for each `name`.

    A lane for each: a person whose homeserver is away keeps nobody else waiting.
    """
    lane, key = f"{lane_of(what['room'])}:{name}", f"{kind}:{what['appointment']}:{name}"
    await enqueue(tx, kind=kind, lane=lane, key=key, payload=json.dumps(what).encode())


async def notice(tx: Tx, name: str, appointment: str, about: UUID, to: Iterable[UUID]) -> None:
    """Tell people something about a visit's room, and about whom in it; each once."""
    works = []
    for person in to:
        what = {"notice": name, "appointment": appointment, "person": str(person), "about": str(about)}
        key = f"notice:{name}:{appointment}:{about}:{person}"
        works.append(Work("notice", f"person:{person}", key, json.dumps(what).encode()))
    await put(tx, works)


async def come_back(keeper: Actor, room_id: str) -> None:
    """Join a room that the keeper has left; all who are there see it. That it is there already is fine.

    Raises AwayError; MatrixError when nobody of our homeserver is there any more to let it in.
    """
    await keeper.post("join", room_id)


async def stays(tx: Tx, room: RoomRow) -> None:
    """Write down that the keeper, which had left, is in a room again until it is not needed there any more."""
    of_visit = consultation_room.c.appointment_id == room.appointment_id
    await tx.conn.execute(update(consultation_room).where(of_visit).values(keeper_left_at=None))


async def is_away(keeper: Actor, room_id: str) -> bool:
    """Whether the keeper is not in a room now: another step may have had it leave, and not have written that down yet.

    Raises AwayError, MatrixError.
    """
    try:
        own = await keeper.get("rooms", room_id, "state", "m.room.member", keeper.user_id)
    except (ForbiddenError, NotFoundError):
        return True
    return own.get("membership") != "join"
