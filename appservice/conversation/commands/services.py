"""What a doctor offers at a centre, and the rooms and devices for it."""

import re

from appservice.conversation.commands.changing import change
from appservice.conversation.commands.team import centre_of, doctor_of, own_centre
from appservice.conversation.registry import command, runs_centres, runs_or_treats
from appservice.conversation.rendering.schedules import service_line
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.offers import Terms, read_terms
from appservice.conversation.understanding.terms import OFFERING
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.model import Centre, Mode, Payment, Practitioner, Resource, Service
from booking.directory.resources import add_resource, remove_resource, resources_at, resources_named, resources_of
from booking.directory.service import add_service
from booking.schedules.changes import ServiceChange
from core.errors import BadInputError, RefusedError
from core.languages import _, commas
from core.money import Money, parse_money

_AT = re.compile(r"\bat (?:the )?(?P<name>[^\W\d][^,;|]*?)[\s,;|]*$", re.IGNORECASE)
_ADD_EXAMPLE = 'Write it like: add service dr.osei "First visit" 30 min 60 online'
_EDIT_EXAMPLE = 'Write it like: edit service dr.osei "First visit" price 70, or: 40 min, 10 min after, needs approval'


async def shared_centres(session: Session, who: Practitioner) -> list[Centre]:
    """The centres of the doctor's for which this person may speak. Raises RefusedError if there is none."""
    theirs = await reading.centres_of(session.tx, who.id)
    own = who.id == session.person.practitioner_id or session.person.platform_admin
    mine = [each for each in theirs if own or each.id in session.person.administers]
    if not mine:
        raise RefusedError
    return mine


async def shared_centre(session: Session, who: Practitioner, words: Reading) -> Centre:
    """The centre of the doctor's that is meant: the one behind "at", or the only one that both are at."""
    mine = await shared_centres(session, who)
    named = words.take(_AT)
    if named:
        found = [each for each in await reading.centres_named(session.tx, named["name"].strip(' "')) if each in mine]
        if not found:
            known = commas(each.name for each in mine)
            raise BadInputError("Of {doctor}'s centres you run: {known}.", doctor=who.name, known=known)
        return found[0]
    if len(mine) > 1:
        known = commas(each.name for each in mine)
        raise BadInputError("At which centre? Write “at NAME” at the end. There are: {known}.", known=known)
    return mine[0]


async def service_named(session: Session, who: Practitioner, name: str | None, at: Centre | None = None) -> Service:
    """One of the doctor's services, by its name. Raises BadInputError with those that there are."""
    known = await reading.services_of(session.tx, who.id, at.id if at else None)
    found = [each for each in known if name and each.name.casefold() == name.casefold()]
    if not found:
        some = commas(f"“{each.name}”" for each in known) or _("none yet")
        raise BadInputError(
            "Which service? Write its name in quotes. {doctor} offers: {some}.", doctor=who.name, some=some
        )
    return found[0]


@command(
    "add service",
    'DOCTOR "NAME" MINUTES PRICE online|in person [desk] [...]',
    help='add what a doctor offers: add service dr.osei "First visit" 30 min 60 online. Also: desk, free, group of 8,'
    " needs approval, for new patients, 5 min before, 10 min after, every 15 min, notice 2 h, 90 days ahead, with"
    " Ultrasound",
    who=runs_centres,
    group="Centre",
    heard=True,
)
async def new_service(session: Session, text: str) -> None:
    """A service's name, length, price, place, how it is paid, and what else is set."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    at_centre, terms = await _terms(session, who, words)
    price = terms.price or " ".join(words.words())
    if not name or "minutes" not in terms.values or not price:
        raise BadInputError(_ADD_EXAMPLE)
    along = await resources_named(session.tx, at_centre.id, terms.along)
    made = await add_service(
        session.tx,
        session.ctx,
        session.person,
        practitioner_id=who.id,
        centre_id=at_centre.id,
        name=name,
        price=_price(price, at_centre, _ADD_EXAMPLE),
        resources=[each.id for each in along],
        **{"mode": Mode.IN_PERSON, "payment": Payment.PREPAY, **terms.values},
    )
    await session.say(
        _(
            "{service_line}, of {name}.",
            service_line=service_line(made, along, session.person.language),
            name=escape(who.name),
        )
    )


@command(
    "edit service|change service",
    'DOCTOR "NAME" price 70',
    help='change a service: edit service dr.osei "First visit" price 70. Whatever “add service” takes, and: name "NEW",'
    " without Ultrasound, no approval",
    who=runs_centres,
    group="Centre",
    heard=True,
)
async def change_service(session: Session, text: str) -> None:
    """Change what was said; the rest stays. What is booked keeps its price and length."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    at_centre, terms = await _terms(session, who, words)
    if not name and len(alone := await reading.services_of(session.tx, who.id, at_centre.id)) == 1:
        name = alone[0].name
    service = await service_named(session, who, name, at_centre)
    if words.words() or terms == Terms({}):
        raise BadInputError(_EDIT_EXAMPLE)
    now = (await resources_of(session.tx, [service.id])).get(service.id, [])
    gone = await resources_named(session.tx, at_centre.id, terms.without)
    along = [*now, *await resources_named(session.tx, at_centre.id, terms.along)]
    resources = tuple(dict.fromkeys(each.id for each in along if each not in gone))
    wanted = ServiceChange(
        service.id,
        resources if terms.along or terms.without else None,
        name=terms.name,
        price=_price(terms.price, at_centre, _EDIT_EXAMPLE) if terms.price else None,
        **terms.values,
    )
    await change(
        session,
        wanted,
        _("**{value}** of {name} is changed.", value=escape(terms.name or service.name), name=escape(who.name)),
    )


async def _terms(session: Session, who: Practitioner, words: Reading) -> tuple[Centre, Terms]:
    """The centre, and what is said of the service: "at the desk" is no centre, and rooms are the centre's."""
    known = await _rooms_known(session, who)
    words.rest = in_english(words.rest, session.person.language, OFFERING)
    terms = read_terms(words, known)
    return await shared_centre(session, who, words), terms


async def _rooms_known(session: Session, who: Practitioner) -> list[str]:
    at = await reading.centres_of(session.tx, who.id)
    return [each.name for centre in at for each in await resources_at(session.tx, centre.id)]


def _price(text: str, at_centre: Centre, example: str) -> Money:
    try:
        return parse_money(text, at_centre.currency)
    except BadInputError as unreadable:
        raise BadInputError(example) from unreadable


@command("services|prices", "DOCTOR", help="what a doctor offers", who=runs_or_treats, group="Centre", heard=True)
async def services(session: Session, text: str) -> None:
    """A doctor's services, with all that is set."""
    who = await doctor_of(session, Reading(text))
    known = await reading.services_of(session.tx, who.id)
    along = await resources_of(session.tx, [each.id for each in known])
    at = await reading.centres_with(session.tx, {each.centre_id for each in known})
    rows = [
        f"- {service_line(each, along.get(each.id, []), session.person.language)}"
        + (_(", at {name}", name=escape(at[each.centre_id].name)) if len(at) > 1 else "")
        for each in known
    ]
    await session.say(f"**{escape(who.name)}**\n\n" + ("\n".join(rows) or _("No services yet.")))


@command(
    "remove service|close service", 'DOCTOR "NAME"', help="offer a service no more", who=runs_centres, group="Centre"
)
async def remove_service(session: Session, text: str) -> None:
    """Booked visits stay booked."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    at_centre = await shared_centre(session, who, words)
    found = await service_named(session, who, name, at_centre)
    done = _("**{name}** is offered no more. Visits that are booked stay booked.", name=escape(found.name))
    await change(session, ServiceChange(found.id, active=False), done)


@command(
    "add room", '"NAME"', help='add a room that services need: add room "Room 3"', who=runs_centres, group="Centre"
)
async def new_room(session: Session, text: str) -> None:
    """A room, of which there is one."""
    await _new_resource(session, text, _('Write the name in quotes: add room "Room 3"'))


@command(
    "add device",
    '"NAME" [HOW MANY]',
    help='add devices that services need: add device "Ultrasound" 2',
    who=runs_centres,
    group="Centre",
)
async def new_device(session: Session, text: str) -> None:
    """Devices of a kind, one as good as the other."""
    await _new_resource(session, text, _('Write the name in quotes, and how many there are: add device "Ultrasound" 2'))


async def _new_resource(session: Session, text: str, example: str) -> None:
    words = Reading(text)
    name = take_quoted(words)
    at_centre = await centre_of(session, words)
    rest = words.words()
    if not name or len(rest) > 1 or not all(each.isdecimal() and len(each) < 6 for each in rest):
        raise BadInputError(example)
    seats = int(rest[0]) if rest else 1
    made = await add_resource(session.tx, session.ctx, session.person, at_centre.id, name=name, seats=seats)
    await session.say(
        _(
            '**{named}** is at {name}. Next: edit service DOCTOR "NAME" with "{name2}"',
            named=_named(made),
            name=escape(at_centre.name),
            name2=escape(made.name),
        )
    )


@command("rooms|devices|equipment", help="your centre's rooms and devices", who=runs_centres, group="Centre")
async def rooms(session: Session, text: str) -> None:
    """Rooms and devices, and how many there are of each."""
    at_centre = await own_centre(session, Reading(text))
    rows = [f"- {_named(each)}" for each in await resources_at(session.tx, at_centre.id)]
    await session.say(f"**{escape(at_centre.name)}**\n\n" + ("\n".join(rows) or _("No rooms or devices yet.")))


@command(
    "remove room|remove device", '"NAME"', help="a room or device is there no more", who=runs_centres, group="Centre"
)
async def remove_room(session: Session, text: str) -> None:
    """Only when no service is booked with it."""
    words = Reading(text)
    name = take_quoted(words)
    at_centre = await centre_of(session, words)
    found = await resources_named(session.tx, at_centre.id, [name or " ".join(words.words())])
    gone = await remove_resource(session.tx, session.ctx, session.person, found[0].id)
    await session.say(_("**{name}** is there no more.", name=escape(gone.name)))


def _named(each: Resource) -> str:
    return f"{escape(each.name)} ({each.seats})" if each.seats > 1 else escape(each.name)
