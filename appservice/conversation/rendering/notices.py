"""The words of notices. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, minutes, moment, moment_of, where
from appservice.conversation.understanding.durations import say_length
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment, Why
from booking.appointments.rules import Status
from booking.directory.model import Mode
from booking.directory.specialties import label_of
from booking.payments.model import Stage
from core.languages import N_, _, ngettext
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
    "disputed": N_("taken back by the payer's bank"),
}


DISPUTE_ENDED = {
    Stage.WON: N_("**Won**: the bank has decided for you and gives {amount} for {visit} again."),
    Stage.LOST: N_("**Lost**: the bank has decided for the payer, who keeps {amount} for {visit}."),
    Stage.DROPPED: N_("The payer's bank asks no more about {amount} for {visit}; nothing was taken."),
}
"""How a dispute ended, in the words of those whom it concerns."""


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
        return _(" for **{patient}**", patient=escape(self.patient)) if self.patient else ""

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
        return _("Visit **{code}**", code=self.visit.code)

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
    if "visits" in told.what:
        return ngettext(
            "**Held for you until {until}**: {count} visit with {doctor}{who}, the first on {when}.\n\n{total} in all."
            " Pay here: {value}",
            "**Held for you until {until}**: {count} visits with {doctor}{who}, the first on {when}.\n\n{total} in all."
            " Pay here: {value}",
            int(told.what["visits"]),
            until=told.until,
            doctor=told.doctor,
            who=told.who,
            when=told.when,
            total=told.amount,
            value=told.visit.pay_url or "",
        )
    return _(
        "**Held for you until {until}**: {when} with {doctor}{who}.\n\n{price}. Pay here: {value}\n\n{code}",
        until=told.until,
        when=told.when,
        doctor=told.doctor,
        who=told.who,
        price=told.price,
        value=told.visit.pay_url or "",
        code=told.code,
    )


def _payment_delayed(told: _Notice) -> str:
    return _(
        "The time is held for you until {until}: {when} with {doctor}{who}. The page to pay on"
        " is not ready yet; I send you the link as soon as it is.",
        until=told.until,
        when=told.when,
        doctor=told.doctor,
        who=told.who,
    )


def _payment_failed(told: _Notice) -> str:
    if "visits" in told.what:
        return ngettext(
            "The payment did not go through, and {count} visit with {doctor}, the first on {when}, is not booked. The"
            " time is free again. Please book anew.",
            "The payment did not go through, and {count} visits with {doctor}, the first on {when}, are not booked. The"
            " times are free again. Please book anew.",
            int(told.what["visits"]),
            doctor=told.doctor,
            when=told.when,
        )
    return _(
        "The payment did not go through, and the time {when} with {doctor} is free again. Please book anew.",
        when=told.when,
        doctor=told.doctor,
    )


def _expired(told: _Notice) -> str:
    if "visits" in told.what:
        return ngettext(
            "{count} visit with {doctor}, the first on {when}, was not paid in time and is not booked. The time is free"
            " again.",
            "{count} visits with {doctor}, the first on {when}, were not paid in time and are not booked. The times are"
            " free again.",
            int(told.what["visits"]),
            doctor=told.doctor,
            when=told.when,
        )
    return _(
        "The time {when} with {doctor} was not paid in time and is free again. {code} is not booked.",
        when=told.when,
        doctor=told.doctor,
        code=told.code,
    )


def _booked(told: _Notice) -> str:
    visit = told.visit
    payment = f", {_(_PAYMENT[visit.payment])}" if visit.payment in _PAYMENT else ""
    if not told.ours:
        return _(
            "**New visit**: {when}, **{patient}** with {doctor}\n\n- {where}\n- {code}, {price}{payment}",
            when=told.when,
            patient=escape(told.patient),
            doctor=told.doctor,
            where=where(visit),
            code=told.code,
            price=told.price,
            payment=payment,
        )
    return _(
        "**Confirmed**: {when} with {doctor}{who}\n\n- {where}\n- {label_of}, {length}\n-"
        " {price}{payment}\n- {code}\n\nTo tell the doctor why you come, write “reason {code2}” and"
        " your words. To change the visit: “move {code2}” or “cancel {code2}”.",
        when=told.when,
        doctor=told.doctor,
        who=told.who,
        where=where(visit),
        label_of=label_of(visit.service.specialty),
        length=minutes(visit.service.minutes),
        price=told.price,
        payment=payment,
        code=told.code,
        code2=visit.code,
    )


def _moved(told: _Notice) -> str:
    before = told.what.get("before")
    was = _(" (was {moment})", moment=moment(datetime.fromisoformat(before), told.place)) if before else ""
    return _(
        "**Moved**{who}: {code} with {doctor} is now {when}{was}.",
        who=told.who,
        code=told.code,
        doctor=told.doctor,
        when=told.when,
        was=was,
    )


def _cancelled(told: _Notice) -> str:
    if "visits" in told.what:
        return ngettext(
            "**Withdrawn**{who}: {count} visit with {doctor} that was asked for, the first on {when}.",
            "**Withdrawn**{who}: {count} visits with {doctor} that were asked for together, the first on {when}.",
            int(told.what["visits"]),
            who=told.who,
            doctor=told.doctor,
            when=told.when,
        )
    why = f" {_(_WHY[told.what['why']])}" if told.what.get("why") in _WHY else ""
    return _(
        "**Cancelled**{who}: {code} with {doctor}, {when}.{why}",
        who=told.who,
        code=told.code,
        doctor=told.doctor,
        when=told.when,
        why=why,
    )


def _standing(told: _Notice) -> str:
    """How a visit that was confirmed stands now."""
    return _cancelled(told) if told.visit.status is Status.CANCELLED else _booked(told)


def _gone(told: _Notice) -> str:
    """To a doctor whose visit it was: nothing of the patient."""
    return _("**Handed over**: {visit} is with {doctor} now.", visit=told.code, doctor=told.doctor)


def _proposed(told: _Notice) -> str:
    if "visits" in told.what:
        return _all_proposed(told)
    if told.ours:
        return _(
            "**Asked for**{who}: {when} with {doctor}. The centre approves this visit first; I tell"
            " you as soon as it answers. The time is kept for you until then, {until} at the latest."
            " {code}",
            who=told.who,
            when=told.when,
            doctor=told.doctor,
            until=told.until,
            code=told.code,
        )
    visit = told.visit
    return _(
        "**To approve** by {until}: {when}, **{patient}** with {doctor}\n\n- {where}\n- {code},"
        " {label_of}, {price}\n\n1. Approve\n2. Decline\n\nOr write “approve {code2}” or “decline"
        " {code2}”.",
        until=told.until,
        when=told.when,
        patient=escape(told.patient),
        doctor=told.doctor,
        where=where(visit),
        code=told.code,
        label_of=label_of(visit.service.specialty),
        price=told.price,
        code2=visit.code,
    )


def _all_proposed(told: _Notice) -> str:
    """Visits that were asked for together; which they are stands in `dates`."""
    if told.ours:
        return ngettext(
            "**Asked for**{who}: {count} visit with {doctor}\n\n{dates}\n\nThe centre approves it first; I tell you as"
            " soon as it answers. The time is kept for you until then, {until} at the latest.",
            "**Asked for**{who}: {count} visits with {doctor}\n\n{dates}\n\nThe centre approves them together first; I"
            " tell you as soon as it answers. The times are kept for you until then, {until} at the latest.",
            int(told.what["visits"]),
            who=told.who,
            doctor=told.doctor,
            dates=told.what["dates"],
            until=told.until,
        )
    visit = told.visit
    return ngettext(
        "**To approve** by {until}: {count} visit, **{patient}** with {doctor}\n\n{dates}\n\n- {where}\n- {label_of},"
        " {price} each\n\n1. Approve\n2. Decline\n\nOr write “approve {code}” or “decline {code}”.",
        "**To approve** by {until}, together: {count} visits, **{patient}** with {doctor}\n\n{dates}\n\n-"
        " {where}\n- {label_of}, {price} each\n\n1. Approve all\n2. Decline all\n\nOr write “approve {code}” or"
        " “decline {code}”.",
        int(told.what["visits"]),
        until=told.until,
        patient=escape(told.patient),
        doctor=told.doctor,
        dates=told.what["dates"],
        where=where(visit),
        label_of=label_of(visit.service.specialty),
        price=told.price,
        code=visit.code,
    )


def _declined(told: _Notice) -> str:
    if "visits" in told.what:
        return ngettext(
            "The centre can't take you{who} for {count} visit with {doctor}, the first on {when}. I am sorry. It is not"
            " booked; please ask for other dates.",
            "The centre can't take you{who} for these {count} visits with {doctor}, the first on {when}. I am sorry."
            " None"
            " of them is booked; please ask for other dates.",
            int(told.what["visits"]),
            who=told.who,
            doctor=told.doctor,
            when=told.when,
        )
    return _(
        "The centre can't take you{who} on {when} with {doctor}. I am sorry. {code} is not booked.",
        who=told.who,
        when=told.when,
        doctor=told.doctor,
        code=told.code,
    )


def _not_approved(told: _Notice) -> str:
    if "visits" in told.what:
        return ngettext(
            "The centre did not answer in time, so {count} visit with {doctor}{who}, the first on {when}, is not"
            " booked. I"
            " am sorry; please ask again.",
            "The centre did not answer in time, so {count} visits with {doctor}{who}, the first on {when}, are not"
            " booked."
            " I am sorry; please ask again.",
            int(told.what["visits"]),
            doctor=told.doctor,
            who=told.who,
            when=told.when,
        )
    return _(
        "The centre did not answer in time, so {when} with {doctor}{who} is not booked. I am sorry. {code} is over.",
        when=told.when,
        doctor=told.doctor,
        who=told.who,
        code=told.code,
    )


def _no_show(told: _Notice) -> str:
    centre = told.visit.centre
    said = _(
        "**Missed**{who}: {code} with {doctor}, {when}. The centre says that nobody came.",
        who=told.who,
        code=told.code,
        doctor=told.doctor,
        when=told.when,
    )
    if told.visit.paid_by_card:
        said += _(" By its rule {no_show_percent} % of the price goes back.", no_show_percent=centre.no_show_percent)
    if centre.no_show_limit is not None and told.what["missed"] >= centre.no_show_limit:
        said += _(" As visits were missed there, {name} approves each new booking first.", name=escape(centre.name))
    return said + _(" If that is wrong, please call the centre.")


def _not_missed(told: _Notice) -> str:
    return _(
        "{code} with {doctor}, {when}{who}: it counts as missed no more.",
        code=told.code,
        doctor=told.doctor,
        when=told.when,
        who=told.who,
    )


def _mistake(told: _Notice) -> str:
    return _(
        "{code} with {doctor}, {when}{who}, was entered by mistake and does not count. What was"
        " paid goes back in full.",
        code=told.code,
        doctor=told.doctor,
        when=told.when,
        who=told.who,
    )


def _series(told: _Notice) -> str:
    if told.ours:
        return _(
            "**Confirmed**{who}: a series of visits with {doctor}, {where}",
            who=told.who,
            doctor=told.doctor,
            where=where(told.visit),
        )
    return _(
        "**New visits**: **{patient}** with {doctor}, {where}",
        patient=escape(told.patient),
        doctor=told.doctor,
        where=where(told.visit),
    )


def _referred(told: _Notice) -> str:
    return _("**Referral**{who}: {doctor} refers you to", who=told.who, doctor=told.doctor)


def _referral_revoked(told: _Notice) -> str:
    return _(
        "{doctor} has taken the referral{who} back that was written at visit **{code}**.",
        doctor=told.doctor,
        who=told.who,
        code=told.visit.code,
    )


def _offered(told: _Notice) -> str:
    return _(
        "**A time came free**{who}: {when} with {doctor}, {where}, {price}. It is kept for you"
        " until {until}; then it goes to the next in line.\n\n1. Take it\n2. Leave it\n\nAnswer with"
        " a number, or **yes** or **no**.",
        who=told.who,
        when=told.when,
        doctor=told.doctor,
        where=where(told.visit),
        price=told.price,
        until=told.until,
    )


def _offer_over(told: _Notice) -> str:
    return _(
        "The time {when} with {doctor}{who} went to the next in line, as you did not take it."
        " You stay on the waiting list.",
        when=told.when,
        doctor=told.doctor,
        who=told.who,
    )


def _charged(told: _Notice) -> str:
    return _("Your card was charged {amount} for visit **{code}**.", amount=told.amount, code=told.visit.code)


def _released(told: _Notice) -> str:
    return _("Your card is not charged for visit **{code}**.", code=told.visit.code)


def _capture_failed(told: _Notice) -> str:
    return _(
        "**Not charged**: the bank of who pays visit **{code}** ({when}, {price}) does not let"
        " the card be charged any more. Please ask for the money in another way.",
        code=told.visit.code,
        when=told.when,
        price=told.price,
    )


def _refund_failed(told: _Notice) -> str:
    return _(
        "**Not given back**: {amount} for visit **{code}** ({when}) did not reach who paid, as Stripe or their bank"
        " refuses"
        " it. Please give it back in another way; “receipt {code}” shows how it stands.",
        amount=told.amount,
        code=told.visit.code,
        when=told.when,
    )


def _disputed(told: _Notice) -> str:
    due = told.what.get("due_by")
    until = _(" by {moment}", moment=moment(datetime.fromisoformat(due), told.place)) if due else ""
    if told.what["stage"] == Stage.INQUIRY:
        return _(
            "**The payer's bank asks** about the payment of {amount} for visit **{code}** ({when}). Nothing is taken"
            " yet."
            " Those who"
            " run this service answer it at Stripe{until}: give them what shows that the visit took place.",
            amount=told.amount,
            code=told.visit.code,
            when=told.when,
            until=until,
        )
    return _(
        "**Disputed**: the payer's bank has taken {amount} for visit **{code}** ({when}) back from you. Those who"
        " run this"
        " service"
        " answer it at Stripe{until}: give them what shows that the visit took place. “disputes” lists what is open.",
        amount=told.amount,
        code=told.visit.code,
        when=told.when,
        until=until,
    )


def _dispute_over(told: _Notice) -> str:
    visit = _("visit **{code}**", code=told.visit.code)
    return _(DISPUTE_ENDED[Stage(told.what["stage"])], amount=told.amount, visit=visit)


def _refunded(told: _Notice) -> str:
    return _("Your payment for visit **{code}** is on its way back to you.", code=told.visit.code)


def _paid_too_late(told: _Notice) -> str:
    return _(
        "Your payment for {when} with {doctor} came after the time had been given to somebody"
        " else. It goes back to you in full. I am sorry; please choose another time.",
        when=told.when,
        doctor=told.doctor,
    )


def _reminder(told: _Notice) -> str:
    lead = say_length(told.what["minutes"])
    return _(
        "**Reminder**, {lead} before: {when} with {doctor}{who}, {where}. {code}.",
        lead=lead,
        when=told.when,
        doctor=told.doctor,
        who=told.who,
        where=where(told.visit),
        code=told.code,
    )


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
    first = int(told.what.get("ahead", 0))
    position = (
        "\n\n" + ngettext("One patient is before you.", "{count} patients are before you.", first) if first else ""
    )
    said = _(
        "**Running late**: {doctor} sees you{who} at about **{expected}** instead of {start}. {visit} stays as it is;"
        " I am sorry for the wait.",
        doctor=told.doctor,
        who=told.who,
        expected=clock(expected, told.place),
        start=clock(told.visit.start, told.place),
        visit=told.code,
    )
    return f"{said}{position}"


def _in_time(told: _Notice) -> str:
    start = clock(told.visit.start, told.place)
    return _(
        "**In time again**: {doctor} sees you{who} at {start}. {visit}.",
        doctor=told.doctor,
        who=told.who,
        start=start,
        visit=told.code,
    )


def _handed_over(told: _Notice) -> str:
    if told.ours:
        return _(
            "**Another doctor**: {visit}{who}, {when}, is with **{doctor}** now. Time and price stay as they are. If"
            " you do not want that, write “move {code}” or “cancel {code}”.",
            visit=told.code,
            who=told.who,
            when=told.when,
            doctor=told.doctor,
            code=told.visit.code,
        )
    patient = f"**{escape(told.patient)}**"
    return _(
        "**Handed over**: {visit}, {patient}, {when}, is with {doctor} now.",
        visit=told.code,
        patient=patient,
        when=told.when,
        doctor=told.doctor,
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
    "standing": _standing,
    "gone": _gone,
    "cancelled": _cancelled,
    "charged": _charged,
    "released": _released,
    "capture_failed": _capture_failed,
    "refund_failed": _refund_failed,
    "disputed": _disputed,
    "dispute_over": _dispute_over,
    "refunded": _refunded,
    "paid_too_late": _paid_too_late,
    "reminder": _reminder,
    "ready": _ready,
    "handed_over": _handed_over,
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
