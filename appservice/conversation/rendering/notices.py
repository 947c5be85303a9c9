"""The words of notices. Pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, moment, moment_of, where
from appservice.conversation.understanding.durations import say_length
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.directory.specialties import label_of


def text(what: dict[str, Any], visit: Appointment, place: ZoneInfo, *, language: str, ours: bool, patient: str) -> str:
    """Say it to a person of that zone. `ours`: of the patient's side; `patient`: the name, unless it is themselves."""
    if what["notice"] in {"held", "payment_delayed", "payment_failed", "expired", "refunded", "paid_too_late"}:
        return _of_payment(what["notice"], visit, place, language, f" for **{escape(patient)}**" if patient else "")
    return _of_visit(what, visit, place, language=language, ours=ours, patient=patient)


def _of_payment(notice: str, visit: Appointment, place: ZoneInfo, language: str, who: str) -> str:
    doctor, when = escape(visit.practitioner.name), moment_of(visit, place)
    until = clock(visit.hold_until or visit.start, place)
    match notice:
        case "held":
            return (
                f"**Held for you until {until}**: {when} with {doctor}{who}.\n\n"
                f"{visit.price.show(language)}. Pay here: {visit.pay_url or ''}\n\nVisit **{visit.code}**"
            )
        case "payment_delayed":
            return (
                f"The time is held for you until {until}: {when} with {doctor}{who}."
                " The page to pay on is not ready yet; I send you the link as soon as it is."
            )
        case "payment_failed":
            return f"The payment did not go through, and the time {when} with {doctor} is free again. Please book anew."
        case "expired":
            return (
                f"The time {when} with {doctor} was not paid in time and is free again."
                f" Visit **{visit.code}** is not booked."
            )
        case "refunded":
            return f"Your payment for visit **{visit.code}** is on its way back to you."
        case _:
            return (
                f"Your payment for {when} with {doctor} came after the time had been given to somebody else. It goes"
                " back to you in full. I am sorry; please choose another time."
            )


def _of_visit(
    what: dict[str, Any], visit: Appointment, place: ZoneInfo, *, language: str, ours: bool, patient: str
) -> str:
    who = f" for **{escape(patient)}**" if patient else ""
    doctor, when, code = escape(visit.practitioner.name), moment_of(visit, place), f"Visit **{visit.code}**"
    match what["notice"]:
        case "booked" if ours:
            price = visit.price.show(language)
            paid = {"paid": f" Paid: {price}.", "desk": f" {price}, to be paid at the desk."}.get(visit.payment, "")
            return (
                f"**Confirmed**: {when} with {doctor}{who}\n\n- {where(visit)}\n- {label_of(visit.service.specialty)},"
                f" {visit.service.minutes} minutes\n- {code}.{paid}\n\nTo tell the doctor why you come: reason"
                f" {visit.code} ... To change it: move {visit.code} or cancel {visit.code}."
            )
        case "booked":
            return f"New visit: {when}, **{escape(patient)}** with {doctor}, {where(visit)}. {code}, {visit.payment}."
        case "moved":
            before = moment(datetime.fromisoformat(what["before"]), place) if what.get("before") else ""
            return f"**Moved**{who}: {code} with {doctor} is now {when}{f' (was {before})' if before else ''}."
        case "cancelled":
            return f"**Cancelled**{who}: {code} with {doctor}, {when}."
        case "reminder":
            before = say_length(what["minutes"])
            return f"**Reminder**, {before} before: {when} with {doctor}{who}, {where(visit)}. {code}."
        case _:
            return (
                f"{code}: you are invited to its room, “Visit {visit.code}”."
                f" Only you and the {_other(ours=ours)} can read it."
            )


def _other(*, ours: bool) -> str:
    return "doctor" if ours else "patient"
