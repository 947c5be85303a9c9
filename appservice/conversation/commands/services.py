"""What a doctor offers at a centre."""

import re

from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import command, runs_centres, runs_or_treats
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.model import Centre, Mode, Payment, Practitioner
from booking.directory.service import add_service, edit_service
from core.errors import BadInputError, RefusedError
from core.money import parse_money


async def shared_centre(session: Session, who: Practitioner, words: Reading) -> Centre:
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
    at_centre = await shared_centre(session, who, words)
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


@command("services|prices", "DOCTOR", help="what a doctor offers", who=runs_or_treats, group="Centre")
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
