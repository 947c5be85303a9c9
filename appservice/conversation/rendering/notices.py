"""The words of notices. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, moment, moment_of, where
from appservice.conversation.understanding.durations import say_length
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment, Why
from booking.directory.model import Mode
from booking.directory.specialties import label_of
from core.languages import _
from core.money import Money

_WHY = {
    Why.DOCTOR_UNABLE: "The doctor cannot come.",
    Why.CENTRE_CLOSED: "The centre is closed then.",
    Why.EMERGENCY: "There is an emergency.",
    Why.EQUIPMENT: "Something that is needed for it is out of order.",
    Why.PATIENT_ASKED: "It was asked for by the patient.",
}
_PAYMENT = {
    "paid": "paid",
    "authorised": "charged after the visit",
    "desk": "to be paid at the desk",
    "due": "not paid yet",
    "refunded": "refunded",
}


@dataclass(frozen=True, slots=True)
class _Notice:
    """What is told, of which visit, and to whom."""

    what: dict[str, Any]
    visit: Appointment
    place: ZoneInfo
    language: str
    ours: bool
    patient: str

    @property
    def who(self) -> str:
        return f" for **{escape(self.patient)}**" if self.patient else ""

    @property
    def doctor(self) -> str:
        return escape(self.visit.practitioner.name)

    @property
    def when(self) -> str:
        return moment_of(self.visit, self.place)

    @property
    def price(self) -> str:
        return self.visit.price.show(self.language)

    @property
    def amount(self) -> str:
        """What the notice is about, where that is money."""
        return Money(self.what["currency"], self.what["amount"]).show(self.language)

    @property
    def code(self) -> str:
        return f"Visit **{self.visit.code}**"

    @property
    def until(self) -> str:
        """With the day, where that is not the one on which the time was kept."""
        end, kept = (each.astimezone(self.place) for each in (self.visit.pay_until, self.visit.updated_at))
        return clock(end, self.place) if end.date() == kept.date() else moment(end, self.place)


def text(what: dict[str, Any], visit: Appointment, place: ZoneInfo, *, language: str, ours: bool, patient: str) -> str:
    """Say it to a person of that zone. `ours`: of the patient's side; `patient`: the name, unless it is themselves."""
    told = _Notice(what, visit, place, language, ours, patient)
    return _TEXTS.get(what["notice"], _other)(told)


def _held(told: _Notice) -> str:
    return (
        f"**Held for you until {told.until}**: {told.when} with {told.doctor}{told.who}.\n\n"
        f"{told.price}. Pay here: {told.visit.pay_url or ''}\n\n{told.code}"
    )


def _payment_delayed(told: _Notice) -> str:
    return (
        f"The time is held for you until {told.until}: {told.when} with {told.doctor}{told.who}."
        " The page to pay on is not ready yet; I send you the link as soon as it is."
    )


def _payment_failed(told: _Notice) -> str:
    return (
        f"The payment did not go through, and the time {told.when} with {told.doctor} is free again. Please book anew."
    )


def _expired(told: _Notice) -> str:
    return f"The time {told.when} with {told.doctor} was not paid in time and is free again. {told.code} is not booked."


def _booked(told: _Notice) -> str:
    visit = told.visit
    payment = f", {_PAYMENT[visit.payment]}" if visit.payment in _PAYMENT else ""
    if not told.ours:
        return (
            f"**New visit**: {told.when}, **{escape(told.patient)}** with {told.doctor}\n\n- {where(visit)}\n"
            f"- {told.code}, {told.price}{payment}"
        )
    return (
        f"**Confirmed**: {told.when} with {told.doctor}{told.who}\n\n- {where(visit)}\n"
        f"- {label_of(visit.service.specialty)}, {visit.service.minutes} minutes\n- {told.price}{payment}\n"
        f"- {told.code}\n\nTo tell the doctor why you come, write “reason {visit.code}” and your words."
        f" To change the visit: “move {visit.code}” or “cancel {visit.code}”."
    )


def _moved(told: _Notice) -> str:
    before = told.what.get("before")
    was = f" (was {moment(datetime.fromisoformat(before), told.place)})" if before else ""
    return f"**Moved**{told.who}: {told.code} with {told.doctor} is now {told.when}{was}."


def _cancelled(told: _Notice) -> str:
    why = f" {_WHY[told.what['why']]}" if told.what.get("why") in _WHY else ""
    return f"**Cancelled**{told.who}: {told.code} with {told.doctor}, {told.when}.{why}"


def _proposed(told: _Notice) -> str:
    if told.ours:
        return (
            f"**Asked for**{told.who}: {told.when} with {told.doctor}. The centre approves this visit first; I tell you"
            f" as soon as it answers. The time is kept for you until then, {told.until} at the latest. {told.code}"
        )
    visit = told.visit
    return (
        f"**To approve** by {told.until}: {told.when}, **{escape(told.patient)}** with {told.doctor}\n\n"
        f"- {where(visit)}\n- {told.code}, {label_of(visit.service.specialty)}, {told.price}\n\n"
        f"1. Approve\n2. Decline\n\nOr write “approve {visit.code}” or “decline {visit.code}”."
    )


def _declined(told: _Notice) -> str:
    return (
        f"The centre can't take you{told.who} on {told.when} with {told.doctor}. I am sorry. {told.code} is not booked."
    )


def _not_approved(told: _Notice) -> str:
    return (
        f"The centre did not answer in time, so {told.when} with {told.doctor}{told.who} is not booked. I am sorry."
        f" {told.code} is over."
    )


def _no_show(told: _Notice) -> str:
    centre = told.visit.centre
    said = f"**Missed**{told.who}: {told.code} with {told.doctor}, {told.when}. The centre says that nobody came."
    if told.visit.paid_by_card:
        said += f" By its rule {centre.no_show_percent} % of the price goes back."
    if centre.no_show_limit is not None and told.what["missed"] >= centre.no_show_limit:
        said += f" As visits were missed there, {escape(centre.name)} approves each new booking first."
    return said + " If that is wrong, please call the centre."


def _not_missed(told: _Notice) -> str:
    return f"{told.code} with {told.doctor}, {told.when}{told.who}: it counts as missed no more."


def _mistake(told: _Notice) -> str:
    return (
        f"{told.code} with {told.doctor}, {told.when}{told.who}, was entered by mistake and does not count."
        " What was paid goes back in full."
    )


def _series(told: _Notice) -> str:
    if told.ours:
        return f"**Confirmed**{told.who}: a series of visits with {told.doctor}, {where(told.visit)}"
    return f"**New visits**: **{escape(told.patient)}** with {told.doctor}, {where(told.visit)}"


def _referred(told: _Notice) -> str:
    return f"**Referral**{told.who}: {told.doctor} refers you to"


def _referral_revoked(told: _Notice) -> str:
    return f"{told.doctor} has taken the referral{told.who} back that was written at visit **{told.visit.code}**."


def _offered(told: _Notice) -> str:
    return (
        f"**A time came free**{told.who}: {told.when} with {told.doctor}, {where(told.visit)}, {told.price}."
        f" It is kept for you until {told.until}; then it goes to the next in line.\n\n"
        "1. Take it\n2. Leave it\n\nAnswer with a number, or **yes** or **no**."
    )


def _offer_over(told: _Notice) -> str:
    return (
        f"The time {told.when} with {told.doctor}{told.who} went to the next in line, as you did not take it."
        " You stay on the waiting list."
    )


def _charged(told: _Notice) -> str:
    return f"Your card was charged {told.amount} for visit **{told.visit.code}**."


def _released(told: _Notice) -> str:
    return f"Your card is not charged for visit **{told.visit.code}**."


def _capture_failed(told: _Notice) -> str:
    return (
        f"**Not charged**: the bank of who pays visit **{told.visit.code}** ({told.when}, {told.price}) does not let"
        " the card be charged any more. Please ask for the money in another way."
    )


def _refunded(told: _Notice) -> str:
    return f"Your payment for visit **{told.visit.code}** is on its way back to you."


def _paid_too_late(told: _Notice) -> str:
    return (
        f"Your payment for {told.when} with {told.doctor} came after the time had been given to somebody else."
        " It goes back to you in full. I am sorry; please choose another time."
    )


def _reminder(told: _Notice) -> str:
    lead = say_length(told.what["minutes"])
    return f"**Reminder**, {lead} before: {told.when} with {told.doctor}{told.who}, {where(told.visit)}. {told.code}."


def _ready(told: _Notice) -> str:
    if told.visit.service.mode is Mode.ONLINE:
        said = _(
            "{doctor} is ready for you{who}. Please come to the room of your visit.", doctor=told.doctor, who=told.who
        )
    else:
        said = _("{doctor} is ready for you{who}. Please come in.", doctor=told.doctor, who=told.who)
    return f"**{said}**"


def _late(told: _Notice) -> str:
    expected = datetime.fromisoformat(told.what["expected"])
    return _(
        "**Running late**: {doctor} sees you{who} at about **{expected}** instead of {start}. {visit} stays as it is;"
        " I am sorry for the wait.",
        doctor=told.doctor,
        who=told.who,
        expected=clock(expected, told.place),
        start=clock(told.visit.start, told.place),
        visit=told.code,
    )


def _in_time(told: _Notice) -> str:
    start = clock(told.visit.start, told.place)
    return _(
        "**In time again**: {doctor} sees you{who} at {start}. {visit}.",
        doctor=told.doctor,
        who=told.who,
        start=start,
        visit=told.code,
    )


def _file_added(told: _Notice) -> str:
    if told.ours:
        return _(
            "{doctor} has sent a file for visit **{code}**{who}. “files” shows it.",
            doctor=told.doctor,
            code=told.visit.code,
            who=told.who,
        )
    return _(
        "**{patient}** has sent a file for visit **{code}**, {when}. “files {code}” shows it.",
        patient=escape(told.patient),
        code=told.visit.code,
        when=told.when,
    )


def _other(told: _Notice) -> str:
    return f"{told.code}: {told.what['notice']}."


_TEXTS: dict[str, Callable[[_Notice], str]] = {
    "held": _held,
    "payment_delayed": _payment_delayed,
    "payment_failed": _payment_failed,
    "expired": _expired,
    "booked": _booked,
    "moved": _moved,
    "cancelled": _cancelled,
    "charged": _charged,
    "released": _released,
    "capture_failed": _capture_failed,
    "refunded": _refunded,
    "paid_too_late": _paid_too_late,
    "reminder": _reminder,
    "ready": _ready,
    "late": _late,
    "in_time": _in_time,
    "proposed": _proposed,
    "declined": _declined,
    "not_approved": _not_approved,
    "no_show": _no_show,
    "not_missed": _not_missed,
    "mistake": _mistake,
    "series": _series,
    "offered": _offered,
    "referred": _referred,
    "referral_revoked": _referral_revoked,
    "offer_over": _offer_over,
    "file_added": _file_added,
}
