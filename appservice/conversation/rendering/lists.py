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
from core.languages import DEFAULT, N_, _, enumerated, language, locale_of

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


def offers(found: Found, place: ZoneInfo, prices_in: str, *, reason: str | None = None, wait: bool = False) -> str:
    """The list that a search ends in. `reason`: what the visit is for; `wait`: whether it can be waited for."""
    head = ""
    if found.in_person_only and reason:
        head = _("{with_article} needs a visit in person:\n\n", with_article=_with_article(reason_label(reason)))
    if found.widened and Relaxed.DOCTOR in found.relaxed and reason:
        head += _(
            "There you cannot be seen for that ({reason_label}). These offer it:\n\n", reason_label=reason_label(reason)
        )
    elif found.widened:
        head += _(
            "Nothing fits all of that. This comes nearest, {listed}:\n\n",
            listed=enumerated(_(_RELAXED[r]) for r in found.relaxed),
        )
    lines = [f"{n}. {_offer(offer, place, prices_in)}" for n, offer in enumerate(found.offers, 1)]
    tail = (
        _("Answer with a number to see the times, or “more”.")
        if found.more
        else _("Answer with a number to see the times.")
    )
    if wait and found.widened:
        tail += _(" Or write “wait” to be offered a time that comes free.")
    return head + "\n".join(lines) + f"\n\n{tail}"


def _with_article(label: str) -> str:
    if locale_of(language()).language != DEFAULT:
        return f"“{label}”"
    return f"{'An' if label[0] in 'AEIOUX' else 'A'} {label if label[1].isupper() else label[0].lower() + label[1:]}"


def _offer(offer: Offer, place: ZoneInfo, prices_in: str) -> str:
    km = (
        ""
        if offer.distance_km is None or offer.distance_km < 1
        else _(" ({distance_km} km)", distance_km=f"{offer.distance_km:.0f}")
    )
    price = offer.service.price.show(prices_in) if offer.service.price.amount else _("free")
    return _(
        "**{name}**, {label_of}, {mode}, **{price}**\n   {name2}, {city}{km}; speaks {languages}\n   Next: {times}",
        name=escape(offer.practitioner.name),
        label_of=label_of(offer.service.specialty),
        mode=mode(offer.service),
        price=price,
        name2=escape(offer.centre.name),
        city=escape(offer.centre.city),
        km=km,
        languages=languages(offer.practitioner.languages),
        times=times(offer.next_times, place),
    )


def slots(found: Sequence[datetime], place: ZoneInfo) -> str:
    """Times of a day to choose from, under its date."""
    return f"**{day(found[0].astimezone(place).date())}**\n\n{numbered(clock(each, place) for each in found)}"


def visit(each: Appointment, place: ZoneInfo, *, whose: str = "") -> str:
    """One visit in two lines."""
    money = {
        "desk": _(", pay at the desk"),
        "paid": _(", paid"),
        "authorised": _(", charged after the visit"),
        "due": _(", to be paid"),
        "refunded": _(", refunded"),
        "disputed": _(", taken back by the payer's bank"),
    }
    if each.status in {Status.CANCELLED, Status.ENTERED_IN_ERROR}:
        money = {each: money[each] for each in ("refunded", "disputed")}
    for_whom = _(" for {whose}", whose=escape(whose)) if whose else ""
    return _(
        "**{moment_of}** with {name}{for_whom}: {state}{get}\n   {where} · {label_of} · visit **{code}**",
        moment_of=moment_of(each, place),
        name=escape(each.practitioner.name),
        for_whom=for_whom,
        state=state(each),
        get=money.get(each.payment, ""),
        where=where(each),
        label_of=label_of(each.service.specialty),
        code=each.code,
    )


def state(each: Appointment) -> str:
    """How a visit stands: a patient who has come may wait for a while before the doctor begins."""
    if each.status is Status.ARRIVED and each.started_at is None:
        return _("arrived")
    return _(_STATUS[each.status])


_IN_A_WORD = {
    Status.PROPOSED: "proposed",
    Status.WAITLIST: "waitlist",
    Status.PENDING: "pending",
    Status.BOOKED: "booked",
    Status.ARRIVED: "arrived",
    Status.FULFILLED: "fulfilled",
    Status.CANCELLED: "cancelled",
    Status.NOSHOW: "noshow",
    Status.ENTERED_IN_ERROR: "entered-in-error",
}


def status(of: Status) -> str:
    """FHIR's word, as staff know it from other programs."""
    return _(_IN_A_WORD[of])


def numbered(lines: Iterable[str]) -> str:
    """1. one  2. two"""
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
