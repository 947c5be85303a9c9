"""Running a centre: doctors, services, hours, time off, the day's bookings, rules of cancelling."""

import re
from datetime import datetime, time, timedelta

from appservice.conversation.commands.doctors import day_list, day_of
from appservice.conversation.registry import command, doctor, runs_centres
from appservice.conversation.rendering.values import day, languages, span
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_mxid, take_quoted, take_slug
from appservice.conversation.understanding.clock import moment as at
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.languages import read_languages
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.appointments.reading import visits_between
from booking.appointments.rules import STANDING
from booking.directory import reading
from booking.directory.model import Centre, Mode, Payment, Practitioner
from booking.directory.rules import checked_specialty
from booking.directory.service import add_practitioner, add_service, edit_centre, edit_service, link_practitioner
from booking.directory.specialties import label_of
from booking.people.service import Person
from booking.schedules.hours import parse_hours, show_week
from booking.schedules.service import add_time_off, hours_of, remove_time_off, set_hours, time_off_of
from core.errors import BadInputError, RefusedError
from core.money import parse_money
from core.timezones import zone


def _staff(person: Person) -> bool:
    return runs_centres(person) or doctor(person)


async def centre_of(session: Session, words: Reading) -> Centre:
    """The centre that is meant: the one behind "at" or "to", or the only one that the person runs."""
    named = words.take(re.compile(r"\b(?:at|to|in) (?:the )?(?P<name>[^,;|]+)$", re.IGNORECASE))
    if named:
        found = await reading.centres_named(session.tx, named["name"].strip(' "'))
        if not found:
            raise BadInputError("I know no centre of that name.")
        return found[0]
    if len(session.person.administers) == 1:
        return await reading.centre(session.tx, next(iter(session.person.administers)))
    raise BadInputError("At which centre? Write “at NAME” at the end.")


async def doctor_of(session: Session, words: Reading) -> Practitioner:
    """The doctor that is meant: by short name, by a name in quotes or in words; a doctor alone means themselves."""
    name = take_slug(words) or take_quoted(words)
    if name is None:
        written = words.take(
            re.compile(r"\b(?:dr|prof)\b\.? ?[^\W\d][\w'-]*(?: [^\W\d][\w'-]+)?(?= |$)", re.IGNORECASE)
        )
        name = written[0] if written else None
    if name is None and session.person.practitioner_id:
        return await reading.practitioner(session.tx, session.person.practitioner_id)
    found = await reading.practitioners_named(session.tx, name) if name else []
    if not found:
        raise BadInputError("Which doctor? Write the short name, like dr.osei; “doctors” lists them.")
    return found[0]


@command("doctors|team", help="the doctors of your centre, with their short names", who=runs_centres, group="Centre")
async def doctors(session: Session, text: str) -> None:
    """Who works at the centre."""
    at_centre = await centre_of(session, Reading(f"at {text}" if text and not text.startswith("at ") else text))
    rows = [
        f"- **{escape(each.name)}** ({each.slug}), {', '.join(label_of(code) for code in each.specialties)},"
        f" speaks {languages(each.languages)}{'' if each.person_id else ', no Matrix account yet'}"
        for each in await reading.practitioners_at(session.tx, at_centre.id)
    ]
    await session.say(f"**{escape(at_centre.name)}**\n\n" + ("\n".join(rows) or "Nobody yet."))


@command(
    "add doctor",
    '"NAME" SPECIALTY speaks LANGUAGES [@ID]',
    help='add a doctor: add doctor "Dr Ama Osei" cardiology speaks en, de @osei:example.org',
    who=runs_centres,
    group="Centre",
)
async def add_doctor(session: Session, text: str) -> None:
    """A doctor's name, what they practise, which languages they speak, and their account."""
    words = Reading(text)
    name, mxid = take_quoted(words), take_mxid(words)
    at_centre = await centre_of(session, words)
    gender = words.take(re.compile(r"\b(?:female|male)\b", re.IGNORECASE))
    speaks = words.take(re.compile(r"\bspeaks? (?P<languages>[^|]+)", re.IGNORECASE))
    if not name:
        raise BadInputError(
            'Write the name in quotes: add doctor "Dr Ama Osei" cardiology speaks en, de @osei:example.org'
        )
    added = await add_practitioner(
        session.tx,
        session.ctx,
        session.person,
        at_centre.id,
        name=name,
        specialties=[checked_specialty(" ".join(words.words()))],
        languages=read_languages(speaks["languages"].strip(" ,")) if speaks else ["en"],
        gender=gender[0] if gender else "",
        mxid=mxid,
    )
    await session.say(
        f"**{escape(added.name)}** is at {escape(at_centre.name)}, short name **{added.slug}**."
        f' Next: add service {added.slug} "Consultation" 20 min 45 online, and hours {added.slug} mon-fri 9-17'
    )


@command(
    "link doctor|link", "DOCTOR @ID", help="say which Matrix account a doctor has", who=runs_centres, group="Centre"
)
async def link(session: Session, text: str) -> None:
    """A doctor's account."""
    words = Reading(text)
    mxid = take_mxid(words)
    who = await doctor_of(session, words)
    if not mxid:
        raise BadInputError("Write the account too: link dr.osei @osei:example.org")
    linked = await link_practitioner(session.tx, session.ctx, session.person, who.id, mxid)
    await session.say(f"**{escape(linked.name)}** is {escape(mxid)}.")


@command(
    "add service",
    'DOCTOR "NAME" MINUTES PRICE online|in person [desk]',
    help='add what a doctor offers: add service dr.osei "First visit" 30 min 60 online',
    who=runs_centres,
    group="Centre",
)
async def new_service(session: Session, text: str) -> None:
    """A service's name, length, price, place, and how it is paid."""
    words = Reading(text)
    who = await doctor_of(session, words)
    name = take_quoted(words)
    at_centre = await _shared_centre(session, who, words)
    minutes = words.take(re.compile(r"\b(?P<n>\d{1,3}) ?(?:min|minutes?|m)\b", re.IGNORECASE))
    online = words.take(re.compile(r"\b(?:online|video)\b", re.IGNORECASE))
    words.take(re.compile(r"\bin[- ]person\b", re.IGNORECASE))
    desk = words.take(re.compile(r"\b(?:pay )?(?:at the )?desk\b", re.IGNORECASE))
    free = words.take(re.compile(r"\bfree\b", re.IGNORECASE))
    price = " ".join(words.words())
    if not name or not minutes or not (price or free):
        raise BadInputError('Write it like: add service dr.osei "First visit" 30 min 60 online')
    made = await add_service(
        session.tx,
        session.ctx,
        session.person,
        practitioner_id=who.id,
        centre_id=at_centre.id,
        name=name,
        minutes=int(minutes["n"]),
        price=parse_money("0" if free else price, at_centre.currency),
        mode=Mode.ONLINE if online else Mode.IN_PERSON,
        payment=Payment.DESK if desk else Payment.PREPAY,
    )
    await session.say(
        f"**{escape(made.name)}** of {escape(who.name)}: {made.minutes} minutes, {made.mode.value},"
        f" {made.price.show(session.person.language)}, {'at the desk' if desk else 'paid in advance'}."
    )


async def _shared_centre(session: Session, who: Practitioner, words: Reading) -> Centre:
    """The centre of the doctor's that is meant: named, or the only one that both are at."""
    theirs = await reading.centres_of(session.tx, who.id)
    mine = [each for each in theirs if each.id in session.person.administers or session.person.platform_admin]
    if who.id == session.person.practitioner_id:
        mine = theirs
    if len(mine) == 1:
        words.take(re.compile(r"\b(?:at) (?:the )?[^,;|]+$", re.IGNORECASE))
        return mine[0]
    if not mine:
        raise RefusedError
    return await centre_of(session, words)


@command("services|prices", "DOCTOR", help="what a doctor offers", who=_staff, group="Centre")
async def services(session: Session, text: str) -> None:
    """A doctor's services."""
    who = await doctor_of(session, Reading(text))
    rows = [
        f"- **{escape(each.name)}**, {each.minutes} minutes, {each.mode.value},"
        f" {each.price.show(session.person.language)}, {each.payment.value}"
        for each in await reading.services_of(session.tx, who.id)
    ]
    await session.say(f"**{escape(who.name)}**\n\n" + ("\n".join(rows) or "No services yet."))


@command(
    "remove service|close service", 'DOCTOR "NAME"', help="offer a service no more", who=runs_centres, group="Centre"
)
async def remove_service(session: Session, text: str) -> None:
    """Booked visits stay booked."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    found = [
        each
        for each in await reading.services_of(session.tx, who.id)
        if name and each.name.casefold() == name.casefold()
    ]
    if not found:
        raise BadInputError("Which service? “services DOCTOR” lists them; write its name in quotes.")
    for each in found:
        await edit_service(session.tx, session.ctx, session.person, each.id, active=False)
    await session.say(f"**{escape(found[0].name)}** is offered no more. Visits that are booked stay booked.")


@command(
    "hours",
    "DOCTOR mon-fri 9-12:30, 14-18 from 1 Dec",
    help="set or show a doctor's weekly hours",
    who=_staff,
    group="Centre",
)
async def hours(session: Session, text: str) -> None:
    """Set the hours and draw the week back; without hours, show it."""
    words = Reading(text)
    who = await doctor_of(session, words)
    at_centre = await _shared_centre(session, who, words)
    here = zone(at_centre.timezone)
    today = session.tx.now.astimezone(here).date()
    rest = words.rest.replace(Reading.GAP, " ").strip(" :,|")
    begins = today
    if rest:
        wanted = parse_hours(rest, today)
        begins = wanted.valid_from or today
        week = await set_hours(
            session.tx, session.ctx, session.person, who.id, at_centre.id, wanted.spans, wanted.valid_from
        )
    else:
        week = await hours_of(session.tx, who.id, at_centre.id, today)
    drawn = "\n".join(f"| {days} | {spans} |" for days, spans in show_week(week))
    since = f" from {day(begins)}" if begins > today else ""
    await session.say(
        f"**{escape(who.name)}** at {escape(at_centre.name)}{since} ({at_centre.timezone}):\n\n"
        f"| days | hours |\n|---|---|\n{drawn}"
    )


@command(
    "time off|away|holiday",
    "DOCTOR DAYS",
    help="a doctor is away: time off dr.osei 24.12. - 31.12.",
    who=_staff,
    group="Centre",
)
async def time_off(session: Session, text: str) -> None:
    """Take days off, or show which are off; "time off dr.osei remove 24.12." takes them back."""
    words = Reading(text)
    who = await doctor_of(session, words)
    here = zone((await reading.centres_of(session.tx, who.id))[0].timezone)
    remove = words.take(re.compile(r"\b(?:remove|back|cancel)\b", re.IGNORECASE))
    days = read_days(words, session.tx.now.astimezone(here).date(), session.person.language)
    if days is None:
        off = await time_off_of(session.tx, who.id)
        rows = [f"- {span(start, end, here)}" for start, end in off]
        away = f"**{escape(who.name)}** is away:\n\n" + "\n".join(rows)
        await session.say(away if rows else f"{escape(who.name)} takes no time off.")
        return
    start = at(days.first, time(), here)
    end = at((days.last or days.first) + timedelta(days=1), time(), here)
    if remove:
        count = await remove_time_off(session.tx, session.ctx, session.person, who.id, start)
        await session.say("Taken back." if count else "There was none on that day.")
        return
    await add_time_off(session.tx, session.ctx, session.person, who.id, start, end)
    await session.say(
        f"{escape(who.name)} is away: {span(start, end, here)}." + await _in_the_way(session, who, start, end)
    )


async def _in_the_way(session: Session, who: Practitioner, start: datetime, end: datetime) -> str:
    """Which visits are booked in that time: they stay, until somebody moves them."""
    booked = await visits_between(session.tx, start, end, practitioner_id=who.id, statuses=STANDING)
    if not booked:
        return ""
    return f"\n\nStill booked then, to be moved or cancelled:\n\n{await day_list(session, booked, dated=True)}"


@command("bookings", "[DAY]", help="your centre's visits of a day", who=lambda p: bool(p.administers), group="Centre")
async def bookings(session: Session, text: str) -> None:
    """The centre's list."""
    when = day_of(session, text)
    parts = []
    for centre_id in sorted(session.person.administers):
        found = await appointments.centre_day(session.tx, session.ctx, session.person, centre_id, when)
        name = (await reading.centre(session.tx, centre_id)).name
        rows = [f"**{escape(name)}**, {day(when)}", await day_list(session, found) or "No visits."]
        parts.append("\n\n".join(rows))
    await session.say("\n\n".join(parts))


@command(
    "cancellation",
    "free until 24 h, later refund 50%",
    help="until when a visit is cancelled free of charge, and what is refunded later",
    who=runs_centres,
    group="Centre",
)
async def cancellation(session: Session, text: str) -> None:
    """The centre's rule."""
    words = Reading(text)
    at_hours = words.take(re.compile(r"\b(?P<n>\d{1,3}) ?(?:h|hours?)\b", re.IGNORECASE))
    percent = words.take(re.compile(r"\b(?P<n>\d{1,3}) ?(?:%|percent)", re.IGNORECASE))
    at_centre = await centre_of(session, words)
    edited = await edit_centre(
        session.tx,
        session.ctx,
        session.person,
        at_centre.id,
        cancel_hours=int(at_hours["n"]) if at_hours else None,
        late_refund_percent=int(percent["n"]) if percent else None,
    )
    await session.say(
        f"At {escape(edited.name)} a visit is cancelled free of charge until {edited.cancel_hours} hours before;"
        f" later {edited.late_refund_percent} % of the price is refunded."
    )
