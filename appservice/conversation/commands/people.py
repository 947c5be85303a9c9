"""Oneself and one's family: name, zone, language, reminders; the calendar's address."""

from appservice.conversation.registry import command
from appservice.conversation.rendering.values import dated_day, languages, moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.clock import read_quiet
from appservice.conversation.understanding.durations import read_lengths, say_length
from appservice.conversation.understanding.family import read_member
from appservice.conversation.understanding.terms import BORN, BUTTONS, ENDING, LENGTHS
from appservice.matrix.markdown import escape
from booking.directory.places import find_place
from booking.people.rules import Buttons
from booking.people.service import (
    Patient,
    add_family_member,
    set_buttons,
    set_language,
    set_name,
    set_quiet,
    set_reminders,
    set_timezone,
)
from core.errors import BadInputError
from core.languages import _, enumerated, speak, spoken_languages


@command("name|my name is|i am called", "NAME", help="the name that clinics see", heard=True)
async def name(session: Session, text: str) -> None:
    """Set or show one's name."""
    if text:
        session.person = await set_name(session.tx, session.ctx, session.person, text)
    known = session.person.name
    await session.say(
        _("Clinics see you as **{known}**.", known=escape(known))
        if known
        else _("I don't know your name. Write it like: name Ada Lovelace")
    )


@command(
    "timezone|time zone|zone", "TOWN", help="the zone in which you read and write times: timezone London", heard=True
)
async def timezone(session: Session, text: str) -> None:
    """Set or show the zone."""
    if text:
        town = find_place(text)
        written = town.timezone if town and "/" not in text else text
        session.person = await set_timezone(session.tx, session.ctx, session.person, written)
    now = moment(session.tx.now, session.place)
    await session.say(
        _("Your time zone is **{timezone}**; there it is {now}.", timezone=session.person.timezone, now=now)
    )


@command("language", "LANGUAGE", help="the language in which I answer: language German", heard=True)
async def language(session: Session, text: str) -> None:
    """Set or show the language."""
    if text:
        session.person = await set_language(session.tx, session.ctx, session.person, text)
        speak(session.person.language)
    code = session.person.language.split("-")[0]
    named = languages((code,))
    if code in spoken_languages():
        said = _(
            "Your language is **{language}**. I answer in it, and understand what is said every day in it; English"
            " always works, too. “help” shows what I can do.",
            language=named,
        )
    else:
        said = _(
            "Your language is **{language}**. I answer in English; prices are written as in your language, and I"
            " understand its months and weekdays.",
            language=named,
        )
    await session.say(said)


@command(
    "remind me|reminders|reminder|remind",
    "24h and 1h before",
    help="when you are reminded of a visit",
    heard=True,
    terms=LENGTHS,
)
async def remind(session: Session, text: str) -> None:
    """Set or show the times before a visit."""
    if text:
        session.person = await set_reminders(session.tx, session.ctx, session.person, read_lengths(text))
    leads = session.person.reminder_minutes
    said = enumerated(say_length(minutes) for minutes in leads)
    await session.say(
        _("I remind you **{said}** before each visit.", said=said) if leads else _("I do not remind you of visits.")
    )


@command(
    "quiet|quiet hours|do not disturb",
    "22:00-7:00",
    help="hours in which I tell you nothing that can wait; “quiet off” ends them",
    heard=True,
    terms=ENDING,
)
async def quiet(session: Session, text: str) -> None:
    """Set, end or show the quiet hours."""
    if text.casefold() in {"off", "none", "never", "no", "end", "stop"}:
        session.person = await set_quiet(session.tx, session.ctx, session.person, None)
    elif text:
        session.person = await set_quiet(session.tx, session.ctx, session.person, read_quiet(text))
    hours = session.person.quiet
    if hours is None:
        await session.say(_("You have no quiet hours: I tell you everything at once. To set some: quiet 22:00-7:00"))
        return
    starts, ends = (f"{each // 60:02}:{each % 60:02}" for each in (hours.starts, hours.ends))
    await session.say(
        _(
            "Quiet hours: **{starts} to {ends}** ({timezone}). Reminders and other news wait until"
            " they are over. What concerns the next 24 hours, and what you have just asked for,"
            " comes at once.",
            starts=starts,
            ends=ends,
            timezone=session.person.timezone,
        )
    )


@command(
    "buttons",
    "numbers|polls|none",
    help="how you are shown what you can answer: numbers to tap, polls, or nothing but words",
    heard=True,
    terms=BUTTONS,
)
async def buttons(session: Session, text: str) -> None:
    """Set or show it."""
    word = text.casefold().strip().removesuffix("s")
    chosen = {"number": Buttons.NUMBERS, "emoji": Buttons.NUMBERS, "poll": Buttons.POLLS, "none": Buttons.NONE}
    chosen |= {"off": Buttons.NONE, "no": Buttons.NONE, "word": Buttons.NONE}
    if word and word not in chosen:
        raise BadInputError("Write it like: buttons numbers, buttons polls, or buttons none")
    if word:
        session.person = await set_buttons(session.tx, session.ctx, session.person, chosen[word])
    said = {
        Buttons.NUMBERS: _("What you can answer has **numbers** under it to tap."),
        Buttons.POLLS: _("What you can answer comes with a **poll**."),
        Buttons.NONE: _("You are shown **no buttons**: write the number or the word."),
    }
    await session.say(said[session.person.buttons])


@command(
    "add family|add my|add child",
    "NAME DATE-OF-BIRTH",
    help="book for somebody of your family too",
    heard=True,
    terms=BORN,
)
async def add_family(session: Session, text: str) -> None:
    """Add somebody whom one is guardian of."""
    member = read_member(text, session.today, session.person.language, month_first=session.speaker.month_first)
    added = await add_family_member(session.tx, session.ctx, session.person, member.name, member.born)
    first = escape((added.name or "").split()[0])
    await session.say(
        _(
            "**{value}** is in your family. To book, write for example: dentist for {first}",
            value=escape(added.name or ""),
            first=first,
        )
    )


@command("family", help="whom you can book for", bare=True, heard=True)
async def family(session: Session, text: str) -> None:
    """List the family."""
    members = session.person.family
    if not members:
        await session.say(_("You book for yourself alone. To add somebody, write: add family Mia 2018-05-04"))
        return
    await session.say("\n".join(_member(each) for each in members))


def _member(each: Patient) -> str:
    name = f"**{escape(each.name or '?')}**"
    return "- " + (_("{name}, born {day}", name=name, day=dated_day(each.born)) if each.born else name)
