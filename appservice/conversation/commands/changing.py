"""Asking before a change of a schedule leaves bookings outside."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from appservice.conversation.commands.doctors import visits_listed
from appservice.conversation.registry import action
from appservice.conversation.rendering.schedules import drawn, service_line
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.appointments.reading import appointment
from booking.context import Context
from booking.directory import reading
from booking.directory.resources import resources_of
from booking.schedules.changes import (
    Change,
    ClosedDays,
    DateChange,
    HolidaysChange,
    HoursChange,
    Outside,
    ServiceChange,
    TimeOff,
    Together,
    make,
)
from booking.schedules.reading import schedule_of
from booking.schedules.service import time_off_of
from core.database import Tx
from core.languages import _, ngettext
from core.timezones import zone

_KINDS: dict[str, TypeAdapter[Change]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (HoursChange, DateChange, TimeOff, HolidaysChange, ClosedDays, ServiceChange, Together)
}
_SHOWN = 20


async def change(session: Session, wanted: Change, done: str) -> None:
    """Make a change and say `done`; or, when it would leave bookings outside, list them and ask first."""
    left = await make(session.tx, session.ctx, session.person, wanted, sure=False)
    if not left:
        await session.say(done + await _drawn(session, wanted))
        return
    kind = type(wanted).__name__
    what = {"kind": kind, "change": _KINDS[kind].dump_python(wanted, mode="json"), "done": done}
    leaves = ngettext("{count} booking", "{count} bookings", len(left))
    await session.say(
        _(
            "That would leave {leaves} outside:\n\n{listed}\n\nThey stay booked until somebody moves or"
            " cancels them. Change it? Answer **yes** or **no**.",
            leaves=leaves,
            listed=await _listed(session, left),
        ),
        words={"yes": {"do": "change", **what}, "no": {"do": "keep"}, "stop": {"do": "keep"}},
    )


@action("change")
async def change_(session: Session, choice: dict[str, Any]) -> None:
    """Make what was asked about."""
    wanted = _KINDS[choice["kind"]].validate_python(choice["change"])
    left = await make(session.tx, session.ctx, session.person, wanted, sure=True)
    session.dialogue.drop_last()
    said = choice["done"]
    if left:
        code = next((_(" (“move {code}” or “cancel {code}”)", code=each.code) for each in left if each.visible), "")
        said += _(
            "\n\nStill booked, to be moved or cancelled{code}:\n\n{listed}",
            code=code,
            listed=await _listed(session, left),
        )
    await session.say(said + await _drawn(session, wanted))


async def _drawn(session: Session, made: Change) -> str:
    if isinstance(made, HoursChange | DateChange):
        return "\n\n" + await drawn_schedule(session, made.practitioner_id, made.centre_id)
    if isinstance(made, ServiceChange) and made.active is not False:
        now = await reading.service(session.tx, made.service_id)
        along = (await resources_of(session.tx, [now.id])).get(now.id, [])
        return "\n\n" + service_line(now, along, session.person.language)
    return ""


async def drawn_schedule(session: Session, practitioner_id: UUID, centre_id: UUID) -> str:
    """All that is set of a doctor's hours at a centre."""
    who, at = await reading.practitioner(session.tx, practitioner_id), await reading.centre(session.tx, centre_id)
    today = session.tx.now.astimezone(zone(at.timezone)).date()
    schedule = await schedule_of(session.tx, who.id, at.id, today)
    names = {each.id: each.name for each in await reading.services_of(session.tx, who.id, at.id)}
    said = drawn(schedule, today, names, await time_off_of(session.tx, who.id))
    return _(
        "**{name}** at {name2} ({timezone}):\n\n{said}",
        name=escape(who.name),
        name2=escape(at.name),
        timezone=at.timezone,
        said=said,
    )


async def _listed(session: Session, left: Sequence[Outside]) -> str:
    return await outside_listed(session.tx, session.ctx, session.place, left)


async def outside_listed(tx: Tx, ctx: Context, place: ZoneInfo, left: Sequence[Outside]) -> str:
    """The visits that a change leaves outside; of those that the reader may not look into, only how many."""
    known = [each for each in left if each.visible]
    lines = [
        await visits_listed(tx, ctx, place, [await appointment(tx, each.id) for each in known[:_SHOWN]], dated=True)
    ]
    if len(known) > _SHOWN:
        lines.append(ngettext("- and {count} more", "- and {count} more", len(known) - _SHOWN))
    if len(known) < len(left):
        lines.append(
            ngettext(
                "- {count} that you may not look into", "- {count} that you may not look into", len(left) - len(known)
            )
        )
    return "\n".join(line for line in lines if line)
