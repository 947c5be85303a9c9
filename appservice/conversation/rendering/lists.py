"""Lists: offers, times, visits. Numbered where they can be answered. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, day, languages, mode, moment_of, times, where
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.appointments.rules import Status
from booking.directory.reasons import reason_label
from booking.directory.specialties import label_of
from booking.search.model import Found, Offer, Relaxed
from core.languages import N_, _

_RELAXED = {
    Relaxed.DISTANCE: "further away",
    Relaxed.PRICE: "at a higher price",
    Relaxed.TIME: "at another time",
    Relaxed.LANGUAGE: "in another language",
    Relaxed.MODE: "online or in person, whichever there is",
    Relaxed.INSURANCE: "without that insurance",
    Relaxed.DOCTOR: "with another doctor",
}
_STATUS = {
    Status.PROPOSED: N_("asked for, not approved yet"),
    Status.WAITLIST: N_("offered to you, not taken yet"),
    Status.PENDING: N_("held, not paid yet"),
    Status.BOOKED: N_("booked"),
    Status.ARRIVED: N_("under way"),
    Status.FULFILLED: N_("done"),
    Status.CANCELLED: N_("cancelled"),
    Status.NOSHOW: N_("missed"),
    Status.ENTERED_IN_ERROR: N_("a mistake"),
}


def offers(found: Found, place: ZoneInfo, language: str, *, reason: str | None = None, wait: bool = False) -> str:
    """The list that a search ends in. `reason`: what the visit is for; `wait`: whether it can be waited for."""
    head = ""
    if found.in_person_only and reason:
        head = f"{_with_article(reason_label(reason))} needs a visit in person:\n\n"
    if found.widened and Relaxed.DOCTOR in found.relaxed and reason:
        head += f"There you cannot be seen for that ({reason_label(reason)}). These offer it:\n\n"
    elif found.widened:
        head += f"Nothing fits all of that. This comes nearest, {' and '.join(_RELAXED[r] for r in found.relaxed)}:\n\n"
    lines = [f"{n}. {_offer(offer, place, language)}" for n, offer in enumerate(found.offers, 1)]
    tail = "Answer with a number to see the times" + (", or “more”." if found.more else ".")
    if wait and found.widened:
        tail += " Or write “wait” to be offered a time that comes free."
    return head + "\n".join(lines) + f"\n\n{tail}"


def _with_article(label: str) -> str:
    return f"{'An' if label[0] in 'AEIOUX' else 'A'} {label if label[1].isupper() else label[0].lower() + label[1:]}"


def _offer(offer: Offer, place: ZoneInfo, language: str) -> str:
    km = "" if offer.distance_km is None or offer.distance_km < 1 else f" ({offer.distance_km:.0f} km)"
    price = offer.service.price.show(language) if offer.service.price.amount else "free"
    return (
        f"**{escape(offer.practitioner.name)}**, {label_of(offer.service.specialty)}, {mode(offer.service)},"
        f" **{price}**\n"
        f"   {escape(offer.centre.name)}, {escape(offer.centre.city)}{km}; speaks"
        f" {languages(offer.practitioner.languages)}\n"
        f"   Next: {times(offer.next_times, place)}"
    )


def slots(found: Sequence[datetime], place: ZoneInfo) -> str:
    """Times of a day to choose from, under its date."""
    return f"**{day(found[0].astimezone(place).date())}**\n\n{numbered(clock(each, place) for each in found)}"


def visit(each: Appointment, place: ZoneInfo, *, whose: str = "") -> str:
    """One visit in two lines."""
    money = {
        "desk": ", pay at the desk",
        "paid": ", paid",
        "authorised": ", charged after the visit",
        "due": ", to be paid",
        "refunded": ", refunded",
    }
    if each.status in {Status.CANCELLED, Status.ENTERED_IN_ERROR}:
        money = {"refunded": ", refunded"}
    for_whom = f" for {escape(whose)}" if whose else ""
    return (
        f"**{moment_of(each, place)}** with {escape(each.practitioner.name)}{for_whom}: {state(each)}"
        f"{money.get(each.payment, '')}\n   {where(each)} · {label_of(each.service.specialty)} · visit **{each.code}**"
    )


def state(each: Appointment) -> str:
    """How a visit stands: a patient who has come may wait for a while before the doctor begins."""
    if each.status is Status.ARRIVED and each.started_at is None:
        return _("arrived")
    return _(_STATUS[each.status])


def numbered(lines: Iterable[str]) -> str:
    """1. one  2. two"""
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
