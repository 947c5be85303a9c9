"""Series: one visit, again and again; booked, moved and cancelled together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.conversation.entries import send_entry
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import moment, times
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.rhythm import take_rhythm
from appservice.conversation.understanding.terms import RHYTHM
from appservice.conversation.understanding.text import Reading
from booking.appointments import series
from booking.appointments import service as appointments
from booking.appointments.model import Appointment, Why
from booking.appointments.rhythm import Rhythm
from booking.appointments.rules import Status
from core.errors import BadInputError
from core.languages import _, ngettext


@command(
    "repeat",
    "CODE every N weeks N times",
    help="make a series of a visit: repeat K7QM3F every 2 weeks 6 times",
    group="Visits",
    heard=True,
    terms=RHYTHM,
)
async def repeat(session: Session, text: str) -> None:
    """More visits like one that there is, which counts as the first."""
    code, rest = split_code(text)
    rhythm = take_rhythm(Reading(rest))
    if code is None or rhythm is None:
        raise BadInputError("Write it like: repeat K7QM3F every 2 weeks 6 times")
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    starts = (await series.dates(session.tx, visit.service.id, visit.start, rhythm))[1:]
    await _make(session, {"visit": str(visit.id)}, starts)


@action("book series")
async def first_of_series(session: Session, choice: dict[str, Any]) -> None:
    """A time was chosen from a list, with how often and how many times."""
    rhythm = Rhythm(choice["days"], choice["visits"])
    start = datetime.fromisoformat(choice["start"])
    starts = await series.dates(session.tx, UUID(choice["service"]), start, rhythm)
    await _make(session, {"service": choice["service"], "patient": choice["patient"]}, starts)


@action("series at")
async def series_at(session: Session, choice: dict[str, Any]) -> None:
    """The series with the nearest times in place of those that were taken."""
    session.dialogue.drop_last()
    what: dict[str, Any] = {name: choice[name] for name in ("visit", "service", "patient") if name in choice}
    await _make(session, what, [datetime.fromisoformat(each) for each in choice["starts"]])


async def _make(session: Session, what: dict[str, Any], starts: Sequence[datetime]) -> None:
    """Book all; or say which dates are not free, and ask whether the nearest ones will do."""
    try:
        if "visit" in what:
            made = await series.repeat(session.tx, session.ctx, session.person, UUID(what["visit"]), starts)
        else:
            made = await series.book_series(
                session.tx,
                session.ctx,
                session.person,
                service_id=UUID(what["service"]),
                starts=starts,
                patient_id=UUID(what["patient"]),
            )
    except series.SeriesTakenError as conflict:
        await _offer(session, what, starts, conflict)
        return
    if made[0].status is Status.PROPOSED:
        await session.say(
            ngettext(
                "Asked for {count} visit: {dates}. The centre approves it first; I tell you as soon as it answers."
                " The time"
                " is kept until then, {until} at the latest.",
                "Asked for {count} visits: {dates}. The centre approves them together first; I tell you as soon as it"
                " answers. The times are kept until then, {until} at the latest.",
                len(made),
                dates=_dates(session, made),
                until=moment(made[0].pay_until, session.place),
            )
        )
        return
    if made[0].status is Status.PENDING:
        await session.say(
            ngettext(
                "Held for you: {count} visit, {dates}. The page to pay on comes in a moment.",
                "Held for you: {count} visits, {dates}. One page to pay for all of them comes in a moment.",
                len(made),
                dates=_dates(session, made),
            )
        )
        return
    await session.say(
        ngettext(
            "Booked {count} visit: {dates}. To cancel them all: cancel {code} series",
            "Booked {count} visits: {dates}. To cancel them all: cancel {code} series",
            len(made),
            dates=_dates(session, made),
            code=made[0].code,
        )
    )


async def _offer(
    session: Session, what: dict[str, Any], starts: Sequence[datetime], conflict: series.SeriesTakenError
) -> None:
    lines = [
        _(
            "**{moment}** is not free; nearest: {value}",
            moment=moment(wanted, session.place),
            value=times(list(near), session.place) or _("none"),
        )
        for wanted, near in conflict.taken
    ]
    said = f"{conflict}\n\n{numbered(lines)}"
    if not all(near for _, near in conflict.taken):
        await session.say(_("{said}\n\nPlease choose another first date, or another day of the week.", said=said))
        return
    instead = {wanted: min(near, key=lambda each: abs(each - wanted)) for wanted, near in conflict.taken}
    changed = [instead.get(each, each) for each in starts]
    await session.say(
        _(
            "{said}\n\nShall I book the series with {times} instead? Answer **yes** or **no**.",
            said=said,
            times=times(sorted(instead.values()), session.place),
        ),
        words={
            "yes": {"do": "series at", **what, "starts": [each.isoformat() for each in changed]},
            "no": {"do": "keep"},
            "stop": {"do": "keep"},
        },
    )


@action("cancelling series")
async def cancelling_series(session: Session, choice: dict[str, Any]) -> None:
    """Ask before all that follow are cancelled."""
    ahead = await series.following(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    await session.say(
        ngettext(
            "Cancel this {count} visit? {dates}\n\nAnswer **yes** or **no**.",
            "Cancel these {count} visits? {dates}\n\nAnswer **yes** or **no**.",
            len(ahead),
            dates=_dates(session, ahead),
        ),
        words={
            "yes": {"do": "cancel series", "visit": choice["visit"], "why": choice.get("why", Why.BY_CENTRE)},
            "no": {"do": "keep"},
            "stop": {"do": "keep"},
        },
    )


@action("cancel series")
async def cancel_series(session: Session, choice: dict[str, Any]) -> None:
    """Cancel them."""
    done = await series.cancel_series(
        session.tx, session.ctx, session.person, UUID(choice["visit"]), Why(choice["why"])
    )
    session.dialogue.drop_last()
    await session.say(
        ngettext(
            "Cancelled {count} visit: {dates}.",
            "Cancelled {count} visits: {dates}.",
            len(done),
            dates=_dates(session, [each.appointment for each in done]),
        )
    )
    await send_entry(session, done[0].appointment, series=True)


async def move_series(session: Session, visit: str, start: datetime) -> None:
    """Move a visit and all that follow to the time that was chosen for the first of them."""
    try:
        moved = await series.move_series(session.tx, session.ctx, session.person, UUID(visit), start)
    except series.SeriesTakenError as conflict:
        taken = moment(conflict.taken[0][0], session.place)
        await session.say(
            _("{taken} is not free for the series, so nothing was moved. Please choose another time.", taken=taken)
        )
        return
    session.dialogue.drop_times()
    await session.say(
        ngettext(
            "Moved {count} visit: {dates}.", "Moved {count} visits: {dates}.", len(moved), dates=_dates(session, moved)
        )
    )
    await send_entry(session, moved[0], series=True)


def _dates(session: Session, visits: Sequence[Appointment]) -> str:
    return times([each.start for each in visits], session.place)
