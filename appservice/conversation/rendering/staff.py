"""The words of notices in a staff room: of visits by their codes, as not all there may know the patients. Pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import mode, moment
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from core.languages import N_, _, ngettext
from core.money import Money

_SAID = {
    "booked": N_("**New visit**: {when} with {doctor}, {mode}, {money}. {visit}."),
    "series": N_("**New visits** in a series, the first {when} with {doctor}, {mode}. {visit}."),
    "moved": N_("**Moved**: {visit} with {doctor} is now {when} (was {before})."),
    "cancelled": N_("**Cancelled**: {when} with {doctor}. {visit}."),
    "handed_over": N_("**Handed over**: {when} is with {doctor} now. {visit}."),
    "no_show": N_("**Missed**: nobody came to {when} with {doctor}. {visit}."),
    "not_missed": N_("{visit}, {when} with {doctor}: the patient came after all."),
    "mistake": N_("{visit}, {when} with {doctor}, was entered by mistake."),
    "refunded": N_("**Refund**: {amount} of {visit} go back."),
    "charged": N_("**Payment**: {amount} were charged for {visit}."),
    "refund_failed": N_("**Not given back**: {amount} of {visit} did not reach who paid."),
    "disputed": N_("**Disputed**: the payer's bank asks about, or has taken, {amount} for {visit}."),
    "dispute_over": N_("**Dispute over**: {amount} for {visit}. “receipt {code}” shows what came of it."),
    "capture_failed": N_("**Not charged**: the bank does not let the card of {visit} be charged any more ({money})."),
}
_MONEY = {
    "paid": N_("{price}, paid"),
    "authorised": N_("{price}, charged after the visit"),
    "desk": N_("{price}, to be paid at the desk"),
    "due": N_("{price}, not paid yet"),
    "refunded": N_("{price}, refunded"),
    "disputed": N_("{price}, taken back by the payer's bank"),
}


def waiting(what: str, doctor: str, code: str, hours: int | None) -> str:
    """Say that something waits too long: nothing of what it is about."""
    count, about = hours or 0, {"doctor": escape(doctor), "code": f"**{code}**"}
    if what == "question":
        return ngettext(
            "**Waits for an answer** since {count} hour: a question to {doctor}, {code}.",
            "**Waits for an answer** since {count} hours: a question to {doctor}, {code}.",
            count,
            **about,
        )
    if what == "renewal":
        return ngettext(
            "**Waits for an answer** since {count} hour: {doctor} was asked to renew prescription {code}.",
            "**Waits for an answer** since {count} hours: {doctor} was asked to renew prescription {code}.",
            count,
            **about,
        )
    return ngettext(
        "**Not looked at** {count} hour after it came, or before the visit: a file for {code} with {doctor}.",
        "**Not looked at** {count} hours after it came, or before the visit: a file for {code} with {doctor}.",
        count,
        **about,
    )


def staff_notice(what: dict[str, Any], visit: Appointment, place: ZoneInfo, language: str) -> str:
    """Say what happened to a visit, on the centre's wall clock."""
    price = visit.price.show(language)
    amount = Money(what["currency"], what["amount"]).show(language) if "amount" in what else price
    before = what.get("before", what["start"])
    return _(
        _SAID[what["notice"]],
        when=moment(visit.start, place),
        before=moment(datetime.fromisoformat(before), place),
        doctor=escape(visit.practitioner.name),
        mode=mode(visit.service),
        visit=_("Visit **{code}**", code=visit.code),
        money=_(_MONEY[visit.payment], price=price) if visit.payment in _MONEY else price,
        amount=amount,
        code=visit.code,
    )
