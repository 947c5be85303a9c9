"""Lists of a day that are kept up to date: when one of their visits changes, the message is edited.

A trigger on the visits (migration 0021_day) writes the row of work, so that no way of changing a visit can forget it.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Table, Text, Uuid, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from appservice.conversation.dialogue import Choice, Question, load, save
from appservice.conversation.rendering.day import day_board as drawn
from appservice.matrix.reactions import plain as bare
from appservice.outgoing import Reply, post, said_elsewhere, was_said
from booking.appointments.model import Appointment
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.context import Context
from booking.day.service import Day, day_of_centre, day_of_doctor
from booking.directory.reading import centre
from booking.people.service import Person, patient_name, person_by_id
from core.database import Tx
from core.errors import RefusedError
from core.lanes import Row
from core.languages import speak, speaking
from core.outbox import outbox
from core.tables import Moment, metadata
from core.timezones import zone

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]

KIND = "board.changed"
NEXT, MISSED = "▶️", "🚫"
_NUMBERS = 8
"""Emoji numbers under a list; the others are written."""
_KEPT = timedelta(days=2)

day_board = Table(
    "day_board",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    # A practitioner's or a centre's.
    Column("subject_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("of_centre", Boolean, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("room_id", Text, nullable=False),
    # Of the message, as it was last edited.
    Column("key", Text, nullable=False),
    # By number: what has left the day keeps its own.
    Column("visits", ARRAY(Uuid), nullable=False),
    Index("ix_day_board_subject_id", "subject_id", "ends_at"),
)


@dataclass(frozen=True, slots=True)
class Board:
    """A day's list as it is now, and what its numbers mean."""

    text: str
    visits: tuple[UUID, ...]
    choices: tuple[Choice, ...]
    taps: dict[str, Choice]


async def board_of(
    tx: Tx, ctx: Context, person: Person, subject: UUID, day: date, *, of_centre: bool, known: tuple[UUID, ...] = ()
) -> Board:
    """Look at the day for somebody who may. `known`: the visits that have a number already. Raises RefusedError."""
    look = day_of_centre if of_centre else day_of_doctor
    found = await look(tx, ctx, person, subject, day)
    place = zone((await centre(tx, subject)).timezone if of_centre else person.timezone)
    there = {each.id for each in found.visits}
    gone = [await appointment(tx, each) for each in known if each not in there]
    visits = sorted((*found.visits, *gone), key=lambda each: (each.start, each.id))
    numbers = (*known, *(each.id for each in visits if each.id not in known))
    names = {each.patient_id: await patient_name(tx, ctx, each.patient_id) for each in visits}
    today = day == tx.now.astimezone(place).date()
    text = drawn(
        Day(day, tuple(visits), found.expected), numbers, names, place, doctors=of_centre, moves=today and bool(visits)
    )
    do = "day step" if today else "day visit"
    choices = tuple({"do": do, "visit": str(each)} for each in numbers)
    at = {"subject": str(subject), "centre": of_centre}
    taps: dict[str, Choice] = {}
    if today and visits:
        taps = {} if of_centre else {NEXT: {"do": "day next", **at}}
        taps[MISSED] = {"do": "day missed", **at}
    return Board(text, numbers, choices, taps)


async def remember(
    tx: Tx, person: Person, subject: UUID, day: date, board: Board, *, of_centre: bool, room_id: str, key: str
) -> None:
    """Keep the list that was just said up to date; one that was said before is left as it is."""
    place = zone(person.timezone)
    values: dict[str, Any] = {
        "of_centre": of_centre,
        "starts_at": datetime.combine(day, time(), place),
        "ends_at": datetime.combine(day + timedelta(days=1), time(), place),
        "room_id": room_id,
        "key": key,
        "visits": [*board.visits],
    }
    await tx.conn.execute(
        insert(day_board)
        .values(person_id=person.id, subject_id=subject, day=day, **values)
        .on_conflict_do_update(
            index_elements=[day_board.c.person_id, day_board.c.subject_id, day_board.c.day], set_=values
        )
    )
    await tx.conn.execute(delete(day_board).where(day_board.c.ends_at < tx.now - _KEPT))


class Boards:
    """Handler of the outbox kind "board.changed"."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Edit a list; once for many changes that came together."""
        what = json.loads(row.payload)
        wanted = (
            day_board.c.person_id == UUID(what["person"]),
            day_board.c.subject_id == UUID(what["subject"]),
            day_board.c.day == date.fromisoformat(what["day"]),
        )
        shown = (await tx.conn.execute(select(day_board).where(*wanted).with_for_update())).one_or_none()
        if shown is None:
            return "not shown any more"
        if await self._again(tx, row):
            return "another one follows"
        person = await person_by_id(tx, self._ctx, shown.person_id)
        speak(person.language)
        try:
            with speaking(person.language):
                board = await board_of(
                    tx,
                    self._ctx,
                    person,
                    shown.subject_id,
                    shown.day,
                    of_centre=shown.of_centre,
                    known=tuple(shown.visits),
                )
        except RefusedError:  # not theirs to see any more
            await tx.conn.execute(delete(day_board).where(*wanted))
            return "not theirs any more"
        key, room, before = f"board:{row.id}", shown.room_id, shown.key
        elsewhere = said_elsewhere(before)
        moved = await was_said(tx, elsewhere)
        if moved:  # others had come into that room: the list goes on where it was said instead
            room, before = await self._direct_room(tx, person.id, person.mxid), elsewhere
        dialogue = await load(tx, self._ctx.vault, person.id, room)
        taps = {bare(emoji): each for emoji, each in board.taps.items()}
        question = Question(key, tx.now, list(board.choices), taps=taps, kept=True)
        if moved:
            dialogue.ask(question)
        else:
            dialogue.replaced(before, question)
        await save(tx, self._ctx.vault, person.id, room, dialogue)
        grown = moved or len(board.visits) > len(shown.visits)
        reply = Reply(
            board.text,
            choices=min(len(board.choices), _NUMBERS) if grown else 0,
            taps=tuple(board.taps) if grown else (),
            edits=before,
        )
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=key, reply=reply)
        await tx.conn.execute(update(day_board).where(*wanted).values(key=key, room_id=room, visits=[*board.visits]))
        return None

    async def _again(self, tx: Tx, row: Row) -> bool:
        """Whether the same list is to be looked at once more anyway."""
        later = select(outbox.c.id).where(
            outbox.c.lane == row.lane,
            outbox.c.kind == KIND,
            outbox.c.state == "waiting",
            outbox.c.payload == row.payload,
            outbox.c.seq > select(outbox.c.seq).where(outbox.c.id == row.id).scalar_subquery(),
        )
        return (await tx.conn.execute(later.limit(1))).first() is not None


def current(visits: tuple[Appointment, ...], now: datetime) -> Appointment | None:
    """Return whose time it is of those who have not come: the first whose visit should have begun."""
    missing = (each for each in visits if each.status is Status.BOOKED and each.start <= now)
    return next(iter(missing), None)
