"""From a doctor to a visit: the times, one of them, and a time that has just been taken."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.commands.doctors import runs_visits
from appservice.conversation.commands.finding import understood, whom, wish
from appservice.conversation.registry import ACTIONS, action, command
from appservice.conversation.rendering.lists import numbered, slots
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import minutes, mode, spoken
from appservice.conversation.rendering.values import moment as shown_moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import WHOM
from appservice.conversation.understanding.clock import moment, read_hours
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.leaving_out import read_left_out
from appservice.conversation.understanding.text import Reading
from appservice.conversation.whose import for_whom
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.directory import reading
from booking.directory.model import Service
from booking.referrals import service as referrals
from booking.schedules.service import free_times
from core.errors import BadInputError, ConflictError
from core.languages import _
from core.timezones import zone

_ZONE = re.compile(r"(?<!\S)[A-Z][A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?(?!\S)")
_SHOWN = 10
_WEEKS = 60
"""Days among which one is that is not left out."""
_LOOK_AHEAD = timedelta(days=90)

_HINTS = {"more": "more", "another day": "another day", "earlier": "earlier", "wait": "wait"}
"""Answers that go on with a list of times: understanding.answers has them in each language."""


@action("times")
async def times(session: Session, choice: dict[str, Any]) -> None:
    """The free times of a service, from a moment on: those of the first day that has any."""
    service = await reading.service(session.tx, UUID(choice["service"]))
    start = max(datetime.fromisoformat(choice["from"]), session.tx.now)
    await show_times(session, service, start, choice)


async def show_times(session: Session, service: Service, start: datetime, choice: dict[str, Any]) -> None:
    """Show a day's times; `choice` says for whom, or which visit is to be moved."""
    moving = choice.get("moving")
    ignoring = UUID(moving) if moving else None
    found = await free_times(session.tx, service, start, start + _LOOK_AHEAD, limit=200, ignoring=ignoring)
    if not found:
        raise ConflictError("There is no free time there any more. Please choose another doctor, or ask again later.")
    first_day = found[0].astimezone(session.place).date()
    on_day = [each for each in found if each.astimezone(session.place).date() == first_day]
    shown = on_day[:_SHOWN]
    base = {name: choice[name] for name in ("patient", "moving", "series", "referral") if choice.get(name)} | {
        "service": str(service.id)
    }
    later = found[len(shown)] if len(found) > len(shown) else None
    next_day = moment(first_day + timedelta(days=1), time(), session.place)
    words = {}
    if later:
        words = {
            "more": base | {"do": "times", "from": later.isoformat()},
            "later": base | {"do": "times", "from": later.isoformat()},
            "another day": base | {"do": "times", "from": next_day.isoformat()},
        }
    earlier = start > session.tx.now + timedelta(minutes=1) and found[0] > session.tx.now
    if earlier:
        words["earlier"] = base | {"do": "times", "from": session.tx.now.isoformat()}
    doctor = await reading.practitioner(session.tx, service.practitioner_id)
    price = service.price.show(session.person.language) if service.price.amount else _("free")
    if not moving and choice.get("patient"):
        words["wait"] = base | {"do": "wait for service", "latest": found[0].isoformat()}
    whose = await for_whom(session, UUID(choice["patient"])) if choice.get("patient") else ""
    hints = spoken([_(_HINTS[word]) for word in _HINTS if word in words])
    await session.say(
        _(
            "**{name}**, {mode}, {length}, {price}\n\n{slots}\n\nAnswer with a number to {more}{more2}.",
            name=escape(doctor.name),
            mode=mode(service),
            length=minutes(service.minutes),
            price=f"{price}{whose}",
            slots=slots(shown, session.place),
            more=_("move it there") if moving else _("book it"),
            more2=_(", or write {hints}", hints=hints) if hints else "",
        ),
        choices=[base | {"do": "move" if moving else "book", "start": each.isoformat()} for each in shown],
        words=words,
        refine=base | {"do": "times on", "day": first_day.isoformat()},
    )


@action("times on")
async def times_on(session: Session, choice: dict[str, Any]) -> None:
    """The times of a day that was named, or after an hour: of the day that is shown."""
    service = await reading.service(session.tx, UUID(choice["service"]))
    shown = date.fromisoformat(choice["day"]) if choice.get("day") else None
    start = start_of(session, in_english(choice["text"], session.person.language), session.place, shown)
    wanted = session.wanted(choice["text"])
    if not choice.get("moving") and wanted.patient:
        choice |= {"patient": str((await whom(session, wanted)).id)}
        start = start or (moment(shown, time(), session.place) if shown else session.tx.now)
    searched = next((q.refine for q in reversed(session.dialogue.questions) if q.refine and "wish" in q.refine), None)
    if start is None and searched and wanted.sort:
        await ACTIONS[searched["do"]](session, {**searched, "text": choice["text"]})
        return
    if start is None:
        raise BadInputError("I did not understand that. Answer with a number, or write a day, like Friday or 24.11.")
    await show_times(session, service, start, choice)


@action("book")
async def book(session: Session, choice: dict[str, Any]) -> None:
    """Book the time. The message with the link to pay, or the confirmation, comes as a notice."""
    start = datetime.fromisoformat(choice["start"])
    if not choice.get("sure") and (question := await _question(session, choice, start)):
        await session.say(
            _("{question} Answer **yes** or **no**.", question=question),
            words={"yes": choice | {"sure": True}, "no": {"do": "keep"}, "stop": {"do": "keep"}},
        )
        return
    service = UUID(choice["service"])
    if choice.get("referral"):
        await referrals.check_unused(session.tx, session.ctx, session.person, UUID(choice["referral"]))
    try:
        if choice.get("referral"):
            await referrals.book(session.tx, session.ctx, session.person, UUID(choice["referral"]), service, start)
        else:
            booked = await appointments.book(
                session.tx,
                session.ctx,
                session.person,
                service_id=service,
                start=start,
                patient_id=UUID(choice["patient"]),
            )
            if booked.created_at < session.tx.now:  # it was booked before, and nobody is told of it anew
                await session.say(_("That visit is there already.\n\n{visit}", visit=shown(booked, session.place)))
    except ConflictError as conflict:
        await session.say(escape(str(conflict)))
        day = moment(start.astimezone(session.place).date(), time(), session.place)
        await times(session, choice | {"from": day.isoformat()})
        return
    if session.person.name is None:
        await session.say(_("Which name should the clinic see? Write it like: name Ada Lovelace"))


async def _question(session: Session, choice: dict[str, Any], start: datetime) -> str:
    """What the patient should know before booking: another such visit nearby, and that the centre approves it first."""
    tx, service_id, patient_id = session.tx, UUID(choice["service"]), UUID(choice["patient"])
    close = await appointments.close_visit(
        tx, session.ctx, session.person, service_id=service_id, start=start, patient_id=patient_id
    )
    if close:
        return _(
            "There is already a visit of the same kind, on {shown_moment} with {name}. Book this one as well?",
            shown_moment=shown_moment(close.start, session.place),
            name=escape(close.practitioner.name),
        )
    if await appointments.needs_approval(tx, await reading.service(tx, service_id), patient_id):
        return _("The centre approves this visit before it is booked; I tell you as soon as it answers. Ask for it?")
    return ""


@command(
    "book",
    "DOCTOR DAY TIME",
    help="book a time that you know is free: book dr.osei 24.11. 09:30",
    group="Visits",
    heard=True,
    dated=True,
)
async def book_by_name(session: Session, text: str) -> None:
    """A doctor, perhaps a day and a time; a sentence that names a kind of doctor is a search."""
    if runs_visits(session.person) and WHOM.search(text):
        await ACTIONS["book for"](session, {"text": text})
        return
    there = _ZONE.search(text)  # the public pages name the clock that their times are on
    text = _ZONE.sub("", text)
    slug = re.search(r"(?<!\S)\S+\.\S*[a-z]\S*", text, re.IGNORECASE)
    wanted = understood(session, [text])
    doctors = await reading.practitioners_named(session.tx, slug[0] if slug else wanted.name or wanted.rest)
    unread = session.wanted(text.replace(slug[0], "")).unread if slug else wanted.unread
    if wanted.specialty or wanted.reason or wanted.without or unread or not doctors:
        await wish(session, [text])
        return
    if wanted.stranger and runs_visits(session.person):
        raise BadInputError(
            "I find a patient by the code of a visit or by their Matrix id, not by name: book dr.osei tomorrow 10:00"
            " for K7QM3F, or for @anna:example.org"
        )
    if wanted.stranger:
        raise BadInputError("I know nobody of that name in your family. “family” lists them.")
    patient = await whom(session, wanted)
    services = await reading.services_of(session.tx, doctors[0].id)
    if wanted.mode:
        services = [each for each in services if each.mode is wanted.mode] or services
    if not services:
        raise ConflictError("{doctor} offers no visits at the moment.", doctor=doctors[0].name)
    place = zone(there[0]) if there else session.place
    start = start_of(session, text.replace(slug[0], "") if slug else text, place)
    exact = wanted.hours.exact if wanted.hours else None
    options = [
        {
            "do": "times",
            "service": str(each.id),
            "patient": str(patient.id),
            "from": (start or session.tx.now).isoformat(),
        }
        for each in services
    ]
    if start and exact:
        for each in services:
            if start in await free_times(session.tx, each, start, start + timedelta(minutes=1)):
                await book(session, {"service": str(each.id), "start": start.isoformat(), "patient": str(patient.id)})
                return
        await session.say(_("That time is not free. These are the next ones."))
    if len(options) == 1 or (start and exact):
        await times(session, options[0])
        return
    lines = [f"{escape(each.name)}, {mode(each)}, {each.price.show(session.person.language)}" for each in services]
    await session.say(
        _("What do you need of {name}?\n\n{numbered}", name=escape(doctors[0].name), numbered=numbered(lines)),
        choices=options,
    )


def start_of(session: Session, text: str, place: ZoneInfo, shown: date | None = None) -> datetime | None:
    """The moment from which times are wanted: a day, an hour, or both. Raises BadInputError for what cannot be.

    `shown`: the day of which times were shown just now; an hour alone is one of that day.
    """
    words = Reading(text)
    left_out = read_left_out(words, session.today, session.person.language)
    days = left_out.among or read_days(
        words, session.today, session.person.language, month_first=session.speaker.month_first
    )
    hours = read_hours(words) or left_out.hours
    without = left_out.without
    if days is None and hours is None and without is None:
        return None
    at = (hours.exact or hours.after) if hours else None
    first = days.first if days else shown or session.tx.now.astimezone(place).date()
    if without:
        first = next((day for n in range(_WEEKS) if (day := first + timedelta(days=n)) not in without), first)
    start = moment(first, at or time(), place)
    if start <= session.tx.now and at and not days:
        start = moment(first + timedelta(days=1), at, place)
    return start
