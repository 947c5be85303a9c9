"""Being away and being reachable; and whom one lets write first."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import Line, command, runs_or_treats
from appservice.conversation.rendering.reach import absent, answered_when, spoken_hours
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.schedules import hours_in_english
from appservice.conversation.understanding.terms import ABSENCE, CONTACTS, ENDING
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.model import Centre, Practitioner
from booking.reach.contacts import choose, contacts_of, let_in
from booking.reach.rules import Contacts, Group
from booking.reach.service import absences_of, be_reachable, come_back, go_away, reach_of
from booking.schedules.hours import parse_hours
from core.errors import BadInputError
from core.languages import N_, _, commas
from core.timezones import zone

_CENTRE = re.compile(r"^(?:the |our )?(?:centre|center|clinic|practice)\b", re.IGNORECASE)
_MESSAGE = re.compile(r": (?P<words>.+)$")
_INSTEAD = re.compile(
    r"[,;]? ?\b(?:instead|stand-in|stand in|deputy|colleague)(?: is)?:? ?(?P<who>[^,;:|]+)", re.IGNORECASE
)
_BACK = re.compile(r"^(?:off|over|back|end|ended|stop|no more|remove)\b", re.IGNORECASE)
_EXAMPLE = N_("absent until Friday, instead dr.weber: I am at a congress.")


@command(
    "absent|absence|out of office",
    "until DAY, instead DOCTOR: WORDS",
    help="those who write to you are answered with when you are back and who is there instead; “absent off” ends it;"
    " admins: absent dr.osei ..., or absent centre ...",
    who=runs_or_treats,
    group="Doctor",
    heard=True,
)
async def absence(session: Session, text: str) -> None:
    """Set, end or show absences."""
    head, colon, own_words = text.partition(": ")
    words = Reading(in_english(head, session.person.language, ABSENCE) + colon + own_words)
    message = words.take(_MESSAGE)
    instead = words.take(_INSTEAD)
    subject = await _subject(session, words)
    here = await _zone(session, subject)
    left = words.rest.replace(Reading.GAP, " ").strip(" ,;")
    name = escape(subject.name)
    if _BACK.match(left):
        count = await come_back(session.tx, session.ctx, session.person, subject)
        await session.say(
            _("{name} is back: nobody is answered automatically any more.", name=name)
            if count
            else _("{name} was not away.", name=name)
        )
        return
    days = read_days(words, session.tx.now.astimezone(here).date(), session.person.language)
    if days is None:
        if message or instead or left:
            raise BadInputError("Until when? Write it like: {example}", example=_(_EXAMPLE))
        await _show(session, subject)
        return
    colleague = await _colleague(session, instead["who"].strip(' ".')) if instead else None
    first = datetime.combine(days.first, time(), here)
    away = await go_away(
        session.tx,
        session.ctx,
        session.person,
        subject,
        max(first, session.tx.now),
        datetime.combine((days.last or days.first) + timedelta(days=1), time(), here),
        stand_in=colleague.id if colleague else None,
        message=message["words"] if message else None,
    )
    said = _("From {when} on, who writes is answered:", when=moment(away.start, here))
    hint = _("Visits stay booked and can be booked; “time off” closes days.")
    await session.say(f"{said}\n\n{absent(away, name, here)}\n\n{hint}")


async def _subject(session: Session, words: Reading) -> Practitioner | Centre:
    if _CENTRE.match(words.rest):
        words.take(_CENTRE)
        return await centre_of(session, words)
    return await doctor_of(session, words)


async def _zone(session: Session, subject: Practitioner | Centre) -> ZoneInfo:
    if isinstance(subject, Centre):
        return zone(subject.timezone)
    at = await reading.centres_of(session.tx, subject.id)
    return zone(at[0].timezone) if at else session.place


async def _colleague(session: Session, name: str) -> Practitioner:
    found = await reading.practitioners_named(session.tx, name)
    if not found:
        raise BadInputError("I know no doctor of that name who could stand in. Write the short name, like dr.weber.")
    return found[0]


async def _show(session: Session, subject: Practitioner | Centre) -> None:
    away = await absences_of(session.tx, session.ctx, subject.id)
    here = await _zone(session, subject)
    name = escape(subject.name)
    if not away:
        await session.say(_("{name} is not away. To say so: {example}", name=name, example=_(_EXAMPLE)))
        return
    rows = [
        _("From {start}: {answer}", start=moment(each.start, here), answer=absent(each, name, here)) for each in away
    ]
    await session.say("\n\n".join(rows))


@command(
    "reachable|reachable hours|when reachable",
    "MON-FRI 12-13",
    help="the hours in which you answer questions, which patients are shown; “reachable dr.osei” shows a doctor's",
    group="Doctor",
    heard=True,
    terms=ENDING,
    patients=Line("Visits", "DOCTOR", N_("when a doctor answers questions between visits: reachable dr.osei")),
)
async def reachable(session: Session, text: str) -> None:
    """Set or show the hours in which a doctor answers."""
    words = Reading(text)
    who = await doctor_of(session, words)
    left = words.rest.replace(Reading.GAP, " ").strip(" ,;")
    if left:
        hours = (
            []
            if _BACK.match(left)
            else parse_hours(hours_in_english(left, session.person.language), session.today).spans
        )
        await be_reachable(session.tx, session.ctx, session.person, who, hours)
    reach = await reach_of(session.tx, session.ctx, who.id)
    name = escape(who.name)
    if reach.hours:
        said = _(
            "{doctor} answers questions {hours} ({zone}).",
            doctor=name,
            hours=spoken_hours(reach.hours),
            zone=reach.place.key,
        )
    else:
        said = _("{doctor} names no hours for questions.", doctor=name)
    away = answered_when(reach, session.place, session.tx.now) if reach.absence else ""
    await session.say(f"{said}\n\n{away}" if away else said)


_GROUPS = {Group.PATIENTS: N_("patients"), Group.STAFF: N_("staff of centres")}
_VERBS = frozenset({"allow", "block", "remove"})
_ALL = re.compile(r"^(?P<verb>allow|block) (?:all|everybody|everyone)$", re.IGNORECASE)
_ONE = re.compile(r"^(?P<verb>allow|block|let in|keep out|remove) (?P<whom>\S+)$", re.IGNORECASE)


@command(
    "contacts|invite permissions|permissions",
    "allow|block all, or @ID",
    help="whom you let write to you or invite you first: contacts block all, then contacts allow @ama:example.org,"
    " example.org, patients or staff",
    heard=True,
    terms=CONTACTS,
)
async def contacts(session: Session, text: str) -> None:
    """One rule with exceptions, as in TI-Messenger."""
    said = text.split()
    if len(said) > 1 and said[-1].lower() in _VERBS and said[0].lower() not in _VERBS:
        said = [said[-1], *said[:-1]]  # "alle blockieren": the verb comes last
    text = " ".join(said)
    if every := _ALL.match(text):
        chosen = await choose(session.tx, session.person, allow_all=every["verb"].lower() == "allow")
    elif one := _ONE.match(text):
        allowed = one["verb"].lower() in {"allow", "let in"}
        if one["verb"].lower() == "remove":
            allowed = (await contacts_of(session.tx, session.person.id)).allow_all
        chosen = await let_in(session.tx, session.person, one["whom"], allowed=allowed)
    elif text:
        raise BadInputError("Write it like: contacts block all, then contacts allow @ama:example.org")
    else:
        chosen = await contacts_of(session.tx, session.person.id)
    await session.say(_said(chosen))


def _said(chosen: Contacts) -> str:
    names = [escape(_(_GROUPS[Group(each)]) if each in {*Group} else each) for each in sorted(chosen.exceptions)]
    if chosen.allow_all:
        said = _("Everybody may write to you and invite you first.")
        rest = _("But not: {names}.", names=commas(names))
    else:
        said = _("Nobody may write to you or invite you first. Those with whom you have a visit still meet you there.")
        rest = _("But for: {names}.", names=commas(names))
    return f"{said} {rest}" if names else said
