"""A centre's rules: cancelling, missed visits, reminders, the morning's list, charging."""

import re
from typing import Unpack

from appservice.conversation.commands.team import centre_of, own_centre
from appservice.conversation.registry import command, runs_centres
from appservice.conversation.rendering.values import days
from appservice.conversation.session import Session
from appservice.conversation.understanding.clock import read_time
from appservice.conversation.understanding.durations import read_lengths, say_length
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory.model import Centre, StaffNotices
from booking.directory.service import CentreChanges, edit_centre
from core.errors import BadInputError
from core.languages import _, enumerated, ngettext

_HOURS = re.compile(r"\b(?P<n>\d{1,3}) ?(?:h|hours?)\b", re.IGNORECASE)
_PERCENT = re.compile(r"\b(?P<n>\d{1,3}) ?(?:%|percent)", re.IGNORECASE)
_AFTER = re.compile(r"\bafter (?P<n>\d{1,3})\b(?: missed(?: visits)?)?", re.IGNORECASE)
_STAFF = {
    StaffNotices.PRIVATE: "in private",
    StaffNotices.ROOM: "in the staff room",
    StaffNotices.BOTH: "in the staff room and in private",
}
_DAYS = re.compile(r"\b(?P<n>\d{1,4}) ?(?:days?|(?P<unit>weeks?))\b(?: after (?:a|the) visit)?", re.IGNORECASE)
_OFF = re.compile(r"\b(?:off|never|no|none|not)\b", re.IGNORECASE)


@command(
    "rules|centre rules",
    help="your centre's rules, and how to change each",
    who=runs_centres,
    group="Centre",
    open=True,
    heard=True,
)
async def rules(session: Session, text: str) -> None:
    """Draw them as a table."""
    await session.say(_drawn(await own_centre(session, Reading(text))))


@command(
    "cancellation",
    "free until 24 h, later refund 50%",
    help="until when a visit is cancelled free of charge, and what is refunded later",
    who=runs_centres,
    group="Centre",
)
async def cancellation(session: Session, text: str) -> None:
    """The rule of cancelling."""
    words = Reading(text)
    hours, percent = words.take_amount(_HOURS), words.take_amount(_PERCENT)
    changes = CentreChanges()
    if hours:
        changes["cancel_hours"] = int(hours["n"])
    if percent:
        changes["late_refund_percent"] = int(percent["n"])
    await changed(session, words, "cancellation free until 24 h, later refund 50%", **changes)


@command(
    "missed visits",
    "refund 0%, approval after 3",
    help="what goes back when nobody comes, and after how many misses you approve each booking",
    who=runs_centres,
    group="Centre",
)
async def missed_visits(session: Session, text: str) -> None:
    """The rule of visits to which nobody comes."""
    words = Reading(text)
    percent, after = words.take_amount(_PERCENT), words.take_amount(_AFTER)
    changes = CentreChanges()
    if percent:
        changes["no_show_percent"] = int(percent["n"])
    if after:
        changes["no_show_limit"] = int(after["n"])
    elif words.take(_OFF):
        changes["no_show_limit"] = None
    await changed(session, words, "missed visits refund 0%, approval after 3", **changes)


@command(
    "patient reminders",
    "48h, 2h",
    help="when patients are reminded who chose no times of their own; “patient reminders usual” ends it",
    who=runs_centres,
    group="Centre",
)
async def patient_reminders(session: Session, text: str) -> None:
    """The centre's own times."""
    words = Reading(text)
    at = await centre_of(session, words)
    usual = words.take(re.compile(r"\b(?:usual|default)\b", re.IGNORECASE))
    rest = words.rest.replace(Reading.GAP, " ").strip()
    changes = CentreChanges()
    if usual:
        changes["reminder_minutes"] = None
    elif rest:
        changes["reminder_minutes"] = tuple(read_lengths(rest))
    await changed(session, words, "patient reminders 48h and 2h", at=at, **changes)


@command(
    "daily list", "7:00 | off", help="when you get the day's visits each morning", who=runs_centres, group="Centre"
)
async def daily_list(session: Session, text: str) -> None:
    """The time of the morning's list."""
    words = Reading(text)
    off = words.take(_OFF)
    clock = words.take(re.compile(r"(?<!\d)\d{1,2}(?:[:.]\d{2}| ?[ap]m)(?!\w)", re.IGNORECASE))
    when = read_time(clock[0].replace(".", ":")) if clock else None
    changes = CentreChanges()
    if off:
        changes["daily_list_at"] = None
    elif when:
        changes["daily_list_at"] = when.hour * 60 + when.minute
    await changed(session, words, "daily list 7:00, or daily list off", **changes)


@command(
    "charge",
    "when booked | after the visit",
    help="when cards are charged: at once, or only authorised until the visit is over",
    who=runs_centres,
    group="Centre",
)
async def charge(session: Session, text: str) -> None:
    """When cards are charged."""
    words = Reading(text)
    later = words.take(re.compile(r"\bafter(?: the visit)?\b", re.IGNORECASE))
    booked = words.take(re.compile(r"\b(?:when |at |on )?(?:booked|booking|once)\b", re.IGNORECASE))
    changes = CentreChanges(captures=bool(later)) if later or booked else CentreChanges()
    await changed(session, words, "charge after the visit, or charge when booked", **changes)


@command(
    "fee",
    "is carried over | is not carried over",
    help="whether what was paid pays for the visit that the patient is referred to, at your centre",
    who=runs_centres,
    group="Centre",
)
async def fee(session: Session, text: str) -> None:
    """The rule of referrals."""
    words = Reading(text)
    never = words.take(_OFF)
    over = words.take(re.compile(r"\b(?:is )?(?:carried|carry|goes|over)(?: over)?\b", re.IGNORECASE))
    changes = CentreChanges(carries_fee=not never) if never or over else CentreChanges()
    await changed(session, words, "fee is carried over, or fee is not carried over", **changes)


@command(
    "offers",
    "30 min",
    help="for how long a time that came free is kept for the next on the waiting list",
    who=runs_centres,
    group="Centre",
)
async def offers(session: Session, text: str) -> None:
    """The rule of the waiting list."""
    words = Reading(text)
    at = await centre_of(session, words)
    rest = words.rest.replace(Reading.GAP, " ").strip()
    lengths = read_lengths(rest) if rest else []
    changes = CentreChanges(offer_minutes=lengths[0]) if len(lengths) == 1 else CentreChanges()
    await changed(session, words, "offers 30 min", at=at, **changes)


@command(
    "unanswered",
    "after 4 h | never",
    help="after how long your staff is told that a patient's question waits",
    who=runs_centres,
    group="Centre",
)
async def unanswered(session: Session, text: str) -> None:
    """The rule of questions that wait."""
    words = Reading(text)
    hours, off = words.take_amount(_HOURS), words.take(_OFF)
    changes = CentreChanges()
    if hours:
        changes["question_hours"] = int(hours["n"])
    elif off:
        changes["question_hours"] = None
    words.take(re.compile(r"\bafter\b", re.IGNORECASE))
    await changed(session, words, "unanswered after 4 h, or unanswered never", **changes)


@command(
    "records stay open|records open",
    "90 days after a visit",
    help="for how long after a visit its doctor reads all of the patient's records",
    who=runs_centres,
    group="Centre",
)
async def records_open(session: Session, text: str) -> None:
    """The rule of access; for what doctors wrote themselves there is none."""
    words = Reading(text)
    days = words.take_amount(_DAYS)
    changes = CentreChanges(records_days=int(days["n"]) * (7 if days["unit"] else 1)) if days else CentreChanges()
    await changed(session, words, "records stay open 90 days after a visit", **changes)


async def changed(
    session: Session, words: Reading, example: str, *, at: Centre | None = None, **changes: Unpack[CentreChanges]
) -> None:
    """Change what was understood and show all rules. Raises BadInputError when nothing was."""
    if not changes:
        raise BadInputError("Write it like: {example}", example=example)
    meant = at or await centre_of(session, words)
    edited = await edit_centre(session.tx, session.ctx, session.person, meant.id, **changes)
    await session.say(_("Changed.\n\n{drawn}", drawn=_drawn(edited)))


def _drawn(at: Centre) -> str:
    limit = at.no_show_limit
    misses = _("never")
    if limit is not None:
        misses = ngettext(
            "after {count} missed visit within a year", "after {count} missed visits within a year", limit
        )
    own = at.reminder_minutes
    lengths = _("at the usual times") if own is None else enumerated(say_length(each) for each in own) or _("never")
    waits = (
        _("never")
        if at.question_hours is None
        else _("after {say_length}", say_length=say_length(60 * at.question_hours))
    )
    morning = _("never") if at.daily_list_at is None else f"{at.daily_list_at // 60:02}:{at.daily_list_at % 60:02}"
    lead = at.room_opens_minutes
    opens = _("when booked") if lead is None else _("{length} before", length=say_length(lead))
    ends = _("{days} after, {more} later", days=days(at.room_closes_days), more=days(at.room_kept_days))
    answers = _("as you do it")
    if at.reply_hours is not None:
        answers = _("within {length}", length=say_length(60 * at.reply_hours))
    rows = [
        (
            _("cancelled free of charge"),
            ngettext("until {count} hour before", "until {count} hours before", at.cancel_hours),
            "cancellation free until 24 h",
        ),
        (_("refund when cancelled later"), f"{at.late_refund_percent} %", "cancellation later refund 50%"),
        (_("refund when nobody comes"), f"{at.no_show_percent} %", "missed visits refund 0%"),
        (_("you approve each booking"), misses, "missed visits approval after 3"),
        (_("patients are reminded"), lengths, "patient reminders 48h and 2h"),
        (
            _("a time that came free is offered"),
            _("for {say_length}", say_length=say_length(at.offer_minutes)),
            "offers 30 min",
        ),
        (_("staff is told of bookings"), _(_STAFF[at.staff_notices]), "staff room notices both"),
        (_("staff is told that a question waits"), waits, "unanswered after 4 h"),
        (_("a visit's room opens"), opens, "consultation rooms open 1 day before"),
        (_("it closes, and is erased"), ends, "consultation rooms close after 7 days, kept 26 weeks"),
        (_("questions there are answered"), answers, "consultation rooms answers within 24 hours"),
        (
            _("a fee at a referral"),
            _("carried over") if at.carries_fee else _("not carried over"),
            "fee is carried over",
        ),
        (
            _("a doctor reads all of a patient's records"),
            _("until {days} after the visit", days=days(at.records_days)),
            "records stay open 90 days",
        ),
        (_("the day's list"), morning, "daily list 7:00"),
        (
            _("cards are charged"),
            _("after the visit") if at.captures else _("when booked"),
            "charge after the visit",
        ),
    ]
    drawn = "\n".join(f"| {what} | {how} | {write} |" for what, how, write in rows)
    return _(
        "**{name}**\n\n| rule | now | to change it, write |\n|---|---|---|\n{drawn}", name=escape(at.name), drawn=drawn
    )
