"""Calendar addresses in words: what each shows and tells, until when it holds, who read it. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated
from appservice.conversation.understanding.durations import say_length
from appservice.conversation.understanding.languages import language_name
from appservice.matrix.markdown import escape
from booking.calendars.feeds.service import Addresses
from booking.calendars.model import OPEN_FOR, Feed, FeedKind, Options, Tell
from core.languages import N_, _, enumerated, ngettext

_TOLD = {
    Tell.DOCTORS: N_("the doctor and the centre by name"),
    Tell.SERVICES: N_("the kind of visit"),
    Tell.NAMES: N_("the patient’s name"),
}
_USUAL = Options()


def made(title: str, feed: Feed, addresses: Addresses, place: ZoneInfo) -> str:
    """A new address, said this once, in all the ways in which calendars take it."""
    ways = [
        _("- Address: {address}", address=addresses.https),
        _("- Opens in your calendar: {address}", address=addresses.webcal),
        _("- Google Calendar: {address}", address=addresses.google),
    ]
    ways.append(
        _(
            "- For programs: {freebusy} (VFREEBUSY), {availability} (VAVAILABILITY), and .json (jCal) or .xml (xCal)"
            " in place of .ics",
            freebusy=addresses.freebusy,
            availability=addresses.availability,
        )
        if feed.kind.has_hours
        else _(
            "- For programs: {freebusy} (VFREEBUSY), and .json (jCal) or .xml (xCal) in place of .ics",
            freebusy=addresses.freebusy,
        )
    )
    warning = _(
        "Whoever has the address can read it, so it is shown this once. “calendar list” shows what reads it, and ends"
        " it or gives it a new one. On a phone, scan the picture."
    )
    return f"**{escape(title)}**. {told(feed, place)}\n\n" + "\n".join(ways) + f"\n\n{warning}"


def told(feed: Feed, place: ZoneInfo) -> str:
    """What a calendar tells, and its other choices."""
    options = feed.options
    if feed.kind.is_availability:
        said = [_open_or_busy(options.tells)]
    elif Tell.BUSY in options.tells:
        said = [_("It tells when you are busy, and nothing else.")]
    else:
        more = [_(sentence) for tell, sentence in _TOLD.items() if tell in options.tells]
        said = [
            _("It tells time, street and code of each visit, and {more}.", more=enumerated(more))
            if more
            else _("It tells time, street and code of each visit: no names, and not what it is for.")
        ]
    if options.alarms:
        said.append(_("It rings {lengths} before.", lengths=enumerated(map(say_length, options.alarms))))
    if options.language != _USUAL.language:
        said.append(_("It is written in {language}.", language=language_name(options.language)))
    if options.timezone != place.key:
        said.append(_("Calendars show it in the time zone {zone}.", zone=options.timezone))
    if feed.kind.is_availability:
        if options.days_ahead != _USUAL.days_ahead:
            said.append(_("It shows the next {ahead} days.", ahead=min(options.days_ahead, OPEN_FOR)))
    elif (options.days_back, options.days_ahead) != (_USUAL.days_back, _USUAL.days_ahead):
        said.append(
            _("It shows the last {back} days and the next {ahead}.", back=options.days_back, ahead=options.days_ahead)
        )
    if feed.expires_at:
        said.append(_("It ends on {day}.", day=last_day(feed.expires_at, place)))
    return " ".join(said)


def _open_or_busy(tells: frozenset[Tell]) -> str:
    if Tell.BUSY in tells:
        return _("It tells when it is busy, and nothing else.")
    if Tell.OPEN in tells:
        return _("It tells when it is open, and nothing else.")
    return _("It tells when it is open and when it is busy, and nothing else.")


def listed(title: str, feed: Feed, now: datetime, place: ZoneInfo) -> str:
    """One of a list."""
    if feed.last_used_at:
        read = _("read by {program} {ago}", program=feed.last_used_by or "?", ago=since(feed.last_used_at, now))
    else:
        read = _("never read")
    return f"**{escape(title)}**, {read}. {told(feed, place)}"


def last_day(end: datetime, place: ZoneInfo) -> str:
    """The last day of what ends at an instant."""
    return dated(end - timedelta(seconds=1), place)


def since(then: datetime, now: datetime) -> str:
    """2 hours ago"""
    minutes = max(0, (now - then) // timedelta(minutes=1))
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("{count} minute ago", "{count} minutes ago", minutes)
    if minutes < 48 * 60:
        return ngettext("{count} hour ago", "{count} hours ago", minutes // 60)
    return ngettext("{count} day ago", "{count} days ago", minutes // (24 * 60))


def title_of(kind: FeedKind, subject: str, members: str = "") -> str:
    """What a calendar is of. `subject`: the name of the centre, the room, the doctor or the patient."""
    match kind:
        case FeedKind.FAMILY:
            return _("Your visits and your family’s") if subject else _("Your visits")
        case FeedKind.PATIENT:
            return _("Visits of {name}", name=subject)
        case FeedKind.PRACTITIONER:
            return _("Your visits as a doctor")
        case FeedKind.CENTRE | FeedKind.RESOURCE:
            return _("All visits: {name}", name=subject)
        case FeedKind.TEAM:
            return _("Visits at {name}: {doctors}", name=subject, doctors=members)
        case _:
            return _("When {name} is open, and when busy", name=subject)
