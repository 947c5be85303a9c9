"""Calendar addresses: making them, listing them with what reads them, changing, renewing and ending them."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from appservice.conversation.commands.team import centre_of, doctor_of, own_centre
from appservice.conversation.dialogue import Choice
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering.calendars import last_day, listed, made, title_of, told
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.calendars import Wanted, read_end, read_wanted
from appservice.conversation.understanding.text import Reading, folded
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from booking.calendars.feeds import service as feeds
from booking.calendars.model import Feed, FeedKind, Options
from booking.calendars.rules import DEFAULT_TELLS
from booking.directory import reading as directory
from booking.directory.resources import resource_by_id, resources_named
from core.errors import BadInputError
from core.languages import _, commas

_LIST = {"list", "show", "all", "addresses", "which"}
_END = r"(?:revoke|end|stop|delete|remove|off)"
_NUMBERED = re.compile(r"^(?P<number>\d{1,3})\b[ :,]*(?P<rest>.*)$")
_MINE = {"", "mine", "me", "my visits", "my own", "family", "me and family", "my family", "own"}
_DOCTOR = {"doctor", "as a doctor", "as doctor", "my patients", "practice", "work", "doctor's", "my visits as a doctor"}
_CENTRE = re.compile(r"^(?:of )?(?:the |my )?(?:cent(?:re|er)|clinic)\b[ :]*(?P<name>.*)$", re.IGNORECASE)
_ROOM = re.compile(r"^(?:of )?(?:the )?(?:room|device|resource)s?\b[ :]*(?P<name>.+)$", re.IGNORECASE)
_TEAM = re.compile(r"^(?:of )?(?:the )?team\b[ :]*(?P<names>.+)$", re.IGNORECASE)
_OPEN = re.compile(
    r"^(?:public )?(?:availability|open(?:ing)?(?: hours| times)?|free(?: times)?)\b[ :]*(?P<whose>.*)$", re.IGNORECASE
)
_FOR = re.compile(r"^(?:for|of) (?P<name>.+)$", re.IGNORECASE)
_HOW = (
    "Write “calendar” for an address, or say which: calendar mine, calendar for NAME, calendar doctor, calendar centre,"
    " calendar room NAME, calendar team DOCTOR, DOCTOR, calendar availability. “calendar list” shows those you have."
)

Subject = tuple[FeedKind, UUID, tuple[UUID, ...]]


@command(
    "calendar|calendars|calendar feed",
    "[WHICH] [with names] [alarm 1h] [until DAY] | list",
    help="an address that your calendar can subscribe to; “calendar list” shows who reads yours, and ends them",
    heard=True,
)
async def calendar(session: Session, text: str) -> None:
    """Make an address, or do something with those that there are."""
    low = folded(text).strip()
    if low in _LIST:
        await _list(session)
    elif re.fullmatch(rf"{_END}(?: all| them all| everything)?", low):
        await _end_all(session)
    elif found := re.match(
        rf"(?P<what>{_END}|rotate|renew|new address for|change|set)\b[ :#]*(?=\d)(?P<rest>.+)$", low
    ):
        await _one(session, found["what"], text[found.start("rest") :])
    else:
        await _make(session, text)


async def _one(session: Session, what: str, rest: str) -> None:
    """Do something with one of the list, by its number."""
    numbered_ = _NUMBERED.match(rest.strip())
    assert numbered_
    known = await feeds.feeds_of(session.tx, session.ctx, session.person)
    # A number means what it meant in the list that was shown, though addresses before it have ended since.
    shown = [UUID(each["feed"]) for each in session.dialogue.listed("calendar one")] or [each.id for each in known]
    number = int(numbered_["number"])
    if not 1 <= number <= len(shown):
        raise BadInputError("There is no number {number} in your list. “calendar list” shows it.", number=number)
    feed = next((each for each in known if each.id == shown[number - 1]), None)
    if feed is None:
        raise BadInputError("That address has ended already.")
    more = numbered_["rest"].strip()
    if what in {"rotate", "renew", "new address for"}:
        await _rotate(session, feed.id)
    elif what in {"change", "set"}:
        await _change(session, feed, more)
    elif more:
        await _end_on(session, feed, more)
    else:
        await _revoke(session, feed)


async def _list(session: Session) -> None:
    known = await feeds.feeds_of(session.tx, session.ctx, session.person)
    if not known:
        await session.say(_("You have no calendar addresses. “calendar” makes one."))
        return
    rows = [listed(await _title(session, each), each, session.tx.now, session.place) for each in known]
    ask = _("Answer with a number to renew, change or end one. “calendar revoke” ends all of them.")
    await session.say(
        f"{numbered(rows)}\n\n{ask}", choices=[{"do": "calendar one", "feed": str(each.id)} for each in known]
    )


@action("calendar one")
async def one(session: Session, choice: dict[str, Any]) -> None:
    """What can be done with an address."""
    feed, number = await _chosen(session, choice)
    feed_id = str(feed.id)
    todo = numbered([_("A new address; the old one leads nowhere then"), _("End it")])
    more = _(
        "Or write what it is to be: calendar change {number} with names, alarm 1h; calendar end {number} 31 Dec.",
        number=number,
    )
    await session.say(
        f"**{escape(await _title(session, feed))}**. {told(feed, session.place)}\n\n{todo}\n\n{more}",
        choices=[{"do": "calendar rotate", "feed": feed_id}, {"do": "calendar end", "feed": feed_id}],
    )


@action("calendar rotate")
async def rotate(session: Session, choice: dict[str, Any]) -> None:
    """A new secret for what there is."""
    session.dialogue.drop_last()
    await _rotate(session, UUID(choice["feed"]))


@action("calendar end")
async def end(session: Session, choice: dict[str, Any]) -> None:
    """At once."""
    feed, _number = await _chosen(session, choice)
    session.dialogue.drop_last()
    await _revoke(session, feed)


async def _chosen(session: Session, choice: dict[str, Any]) -> tuple[Feed, int]:
    known = await feeds.feeds_of(session.tx, session.ctx, session.person)
    for number, each in enumerate(known, 1):
        if str(each.id) == choice["feed"]:
            return each, number
    raise BadInputError("That address has ended already.")


async def _rotate(session: Session, feed_id: UUID) -> None:
    feed, secret = await feeds.rotate_feed(session.tx, session.ctx, session.person, feed_id)
    await _show(session, feed, secret)


async def _revoke(session: Session, feed: Feed) -> None:
    title = await _title(session, feed)
    await feeds.revoke_feeds(session.tx, session.ctx, session.person, feed.id)
    await session.say(_("Done: the address of **{title}** leads nowhere any more.", title=escape(title)))


async def _end_all(session: Session) -> None:
    count = await feeds.revoke_feeds(session.tx, session.ctx, session.person)
    if count:
        await session.say(_("Done. Calendars that read your old addresses get nothing more."))
    else:
        await session.say(_("You have no calendar addresses."))


async def _end_on(session: Session, feed: Feed, text: str) -> None:
    """“calendar end 2 31 Dec”, “calendar end 2 never”."""
    at = None
    if folded(text) not in {"never", "no end", "not"}:
        day = re.sub(r"^(?:on|until|at|by|in|for)\b ?", "", text, flags=re.IGNORECASE)
        how = "for" if re.match(r"\d{1,4} days?$", day) else "until"
        at = read_end(Reading(f"{how} {day}"), session.tx.now, session.place, session.person.language)
        if at is None:
            raise BadInputError("When is it to end? Write it like: calendar end 2 31 Dec")
    changed = await feeds.end_feed(session.tx, session.ctx, session.person, feed.id, at)
    title = escape(await _title(session, changed))
    if at:
        await session.say(
            _("Done: the address of **{title}** ends on {day}.", title=title, day=last_day(at, session.place))
        )
    else:
        await session.say(_("Done: the address of **{title}** has no end.", title=title))


async def _change(session: Session, feed: Feed, text: str) -> None:
    wanted = _read(session, text, feed.options)
    if wanted.rest or not text:
        raise BadInputError("What is to change? Write it like: calendar change 2 with names, alarm 1h, in German")
    changed = await feeds.change_feed(session.tx, session.ctx, session.person, feed.id, wanted.options)
    if wanted.ends_at:
        changed = await feeds.end_feed(session.tx, session.ctx, session.person, feed.id, wanted.ends_at)
    title = escape(await _title(session, changed))
    await session.say(_("Changed: **{title}**. {told}", title=title, told=told(changed, session.place)))


async def _make(session: Session, text: str) -> None:
    """A new address: of what is named, of the only one there can be, or a list to choose from."""
    wanted = _read(session, text, Options())
    subject = await _subject(session, wanted.rest)
    if subject is None and wanted.rest:
        raise BadInputError(_HOW)
    if subject is not None:
        await _issue(session, subject, text)
        return
    known = await _likely(session)
    if len(known) == 1:
        await _issue(session, known[0], text)
        return
    rows = [escape(await _named(session, *each)) for each in known]
    ask = _(
        "Answer with a number for its address. There are more: calendar room NAME, calendar team DOCTOR, DOCTOR,"
        " calendar for NAME."
    )
    await session.say(
        f"{_('Which calendar?')}\n\n{numbered(rows)}\n\n{ask}",
        choices=[_choice(each, text) for each in known],
    )


def _choice(subject: Subject, text: str) -> Choice:
    kind, subject_id, members = subject
    return {
        "do": "calendar make",
        "kind": kind,
        "subject": str(subject_id),
        "members": [str(each) for each in members],
        "said": text,
    }


@action("calendar make")
async def make(session: Session, choice: dict[str, Any]) -> None:
    """The one that was chosen."""
    members = tuple(UUID(each) for each in choice["members"])
    await _issue(session, (FeedKind(choice["kind"]), UUID(choice["subject"]), members), choice["said"])


async def _issue(session: Session, subject: Subject, text: str) -> None:
    kind, subject_id, members = subject
    timezone = session.person.timezone
    if kind in {FeedKind.CENTRE, FeedKind.TEAM, FeedKind.OPEN_CENTRE}:
        timezone = (await directory.centre(session.tx, subject_id)).timezone
    usual = Options(DEFAULT_TELLS.get(kind, frozenset()), session.person.language, timezone)
    wanted = _read(session, text, usual)
    feed, secret = await feeds.issue_feed(
        session.tx,
        session.ctx,
        session.person,
        kind,
        subject_id,
        wanted.options,
        members=members,
        expires_at=wanted.ends_at,
    )
    await _show(session, feed, secret)


async def _show(session: Session, feed: Feed, secret: str) -> None:
    addresses = feeds.addresses_of(session.ctx, secret)
    await session.say(made(await _title(session, feed), feed, addresses, session.place))
    await session.send(File("calendar address", feed.id, "Calendar.png", "image/png", about=addresses.webcal))


def _read(session: Session, text: str, before: Options) -> Wanted:
    return read_wanted(text, before, session.tx.now, session.place, session.person.language)


async def _likely(session: Session) -> Sequence[Subject]:
    """What somebody may mean who names nothing, by who they are."""
    person = session.person
    known: list[Subject] = [(FeedKind.FAMILY, person.id, ())]
    if person.practitioner_id:
        known.append((FeedKind.PRACTITIONER, person.practitioner_id, ()))
        known.append((FeedKind.OPEN_PRACTITIONER, person.practitioner_id, ()))
    for each in sorted(person.administers):
        known += [(FeedKind.CENTRE, each, ()), (FeedKind.OPEN_CENTRE, each, ())]
    return known


async def _subject(session: Session, text: str) -> Subject | None:
    """What is named; None when nothing is, or nothing that is known."""
    person, low = session.person, folded(text)
    if low in _DOCTOR and doctor(person) and person.practitioner_id:
        return FeedKind.PRACTITIONER, person.practitioner_id, ()
    if found := _CENTRE.match(text):
        return FeedKind.CENTRE, (await centre_of(session, _at(found["name"]))).id, ()
    if found := _ROOM.match(text):
        words = Reading(found["name"])
        at_centre = await own_centre(session, words)
        name = take_quoted(words) or " ".join(words.rest.replace("|", " ").split())
        [room] = await resources_named(session.tx, at_centre.id, [name])
        return FeedKind.RESOURCE, room.id, ()
    if found := _TEAM.match(text):
        words = Reading(found["names"])
        at_centre = await centre_of(session, words)
        names = [each for each in re.split(r"[,;]| and ", words.rest.replace("|", " ")) if each.strip()]
        members = {(await doctor_of(session, Reading(each.strip()))).id for each in names}
        return FeedKind.TEAM, at_centre.id, tuple(sorted(members))
    if found := _OPEN.match(text):
        return await _open(session, found["whose"])
    if low in _MINE and text:
        return FeedKind.FAMILY, person.id, ()
    if found := _FOR.match(text):
        wanted = folded(found["name"])
        if wanted in {"me", "myself", "me only", "me alone"}:
            return FeedKind.PATIENT, person.patient.id, ()
        for member in person.family:
            if member.name and wanted in {folded(member.name), folded(member.name.split()[0])}:
                return FeedKind.PATIENT, member.id, ()
        raise BadInputError("Nobody of that name is in your family. “family” shows who is.")
    return None


async def _open(session: Session, whose: str) -> Subject | None:
    person = session.person
    whose = re.sub(r"^(?:of|for) ", "", whose, flags=re.IGNORECASE).strip()
    if found := _CENTRE.match(whose) or re.match(r"^(?P<name>at .+)$", whose):
        return FeedKind.OPEN_CENTRE, (await centre_of(session, _at(found["name"]))).id, ()
    if whose and folded(whose) not in {"me", "mine"}:
        return FeedKind.OPEN_PRACTITIONER, (await doctor_of(session, Reading(whose))).id, ()
    if person.practitioner_id:
        return FeedKind.OPEN_PRACTITIONER, person.practitioner_id, ()
    if person.administers:
        return FeedKind.OPEN_CENTRE, (await centre_of(session, Reading(""))).id, ()
    return None


def _at(name: str) -> Reading:
    name = name.strip(' "')
    return Reading(name if not name or name.lower().startswith("at ") else f"at {name}")


async def _title(session: Session, feed: Feed) -> str:
    return await _named(session, feed.kind, feed.subject_id, feed.members)


async def _named(session: Session, kind: FeedKind, subject_id: UUID, members: Sequence[UUID]) -> str:
    tx, person = session.tx, session.person
    match kind:
        case FeedKind.FAMILY:
            return title_of(kind, "family" if person.family else "")
        case FeedKind.PATIENT:
            names = {each.id: each.name for each in (person.patient, *person.family)}
            return title_of(kind, names.get(subject_id) or "?")
        case FeedKind.PRACTITIONER | FeedKind.OPEN_PRACTITIONER:
            return title_of(kind, (await directory.practitioner(tx, subject_id)).name)
        case FeedKind.RESOURCE:
            return title_of(kind, (await resource_by_id(tx, subject_id)).name)
        case _:
            doctors = (await directory.practitioners_with(tx, members)).values()
            named = commas(sorted(each.name for each in doctors))
            return title_of(kind, (await directory.centre(tx, subject_id)).name, named)
