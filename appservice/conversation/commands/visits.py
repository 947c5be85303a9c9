"""One's visits: which there are, how they stand; cancelling and moving them; why one comes."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.conversation.commands.booking import show_times, start_of
from appservice.conversation.commands.doctors import runs_visits
from appservice.conversation.commands.series import cancelling_series, move_series
from appservice.conversation.entries import send_entry
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.history import step
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.reach import answered_when
from appservice.conversation.rendering.referrals import origin
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.terms import SERIES
from appservice.conversation.understanding.whys import read_why
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.appointments.model import Appointment, Why
from booking.appointments.rules import Status, refund_of
from booking.appointments.service import set_reason
from booking.directory import reading
from booking.people.service import patient_name
from booking.reach.service import reach_of
from booking.referrals.service import of_visit
from core.errors import BadInputError, ConflictError
from core.languages import _, ngettext

_TO = re.compile(r"^\W*until\b\s*", re.IGNORECASE)
"""One word is "to" and "until" in Arabic: a visit is moved to a day."""


@command(
    "appointments|my appointments|status|visits|my visits|bookings of mine|when|i forgot when|i have forgotten when",
    help="your visits and how they stand",
    group="Visits",
    heard=True,
)
async def appointments_(session: Session, text: str) -> None:
    """The visits to come, numbered."""
    code, __ = split_code(text)
    if code:
        await show(session, await appointments.by_code(session.tx, session.ctx, session.person, code))
        return
    found = await appointments.upcoming(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("You have no visits to come. Tell me which kind of doctor you need, and where."))
        return
    lines = [await line(session, each) for each in found]
    await session.say(
        _("{numbered}\n\nAnswer with a number to move or cancel one.", numbered=numbered(lines)),
        choices=[{"do": "visit", "visit": str(each.id)} for each in found[:20]],
    )


async def line(session: Session, visit: Appointment) -> str:
    """A visit as the person sees it: for whom, unless it is for themselves."""
    own = visit.patient_id == session.person.patient.id
    whose = "" if own else await patient_name(session.tx, session.ctx, visit.patient_id)
    return shown(visit, session.place, whose=whose)


@action("visit")
async def visit_(session: Session, choice: dict[str, Any]) -> None:
    """One visit, and what can be done with it."""
    await show(session, await _chosen(session, choice["visit"]))


async def show(session: Session, visit: Appointment) -> None:
    """Show a visit that this person may see: they chose it from a list of theirs, or by its code."""
    said = await line(session, visit)
    if visit.practitioner.id == session.person.practitioner_id and (
        found := await of_visit(session.tx, session.ctx, session.person, visit.id)
    ):
        requester = await reading.practitioner(session.tx, found[0].requester_id)
        said += f"\n\n{origin(requester.name, found[0].urgent, found[1])}"
    if visit.status is Status.PENDING and visit.pay_url:
        said += _(
            "\n\nHeld until {moment}. Pay here: {pay_url}",
            moment=moment(visit.pay_until, session.place),
            pay_url=visit.pay_url,
        )
    if visit.status is Status.WAITLIST:
        can = {"take up": _("Take it"), "leave": _("Leave it")}
        await session.say(f"{said}\n\n{numbered(can.values())}", choices=[_to(do, visit) for do in can])
        return
    if visit.status not in {Status.BOOKED, Status.PENDING, Status.PROPOSED}:
        await session.say(said)
        return
    can = (
        {"cancelling": _("Cancel it")}
        if visit.status is Status.PROPOSED
        else {"moving": _("Move it"), "cancelling": _("Cancel it")}
    )
    if visit.series_id:
        can["cancelling series"] = _("Cancel it and all of its series that follow")
    await session.say(f"{said}\n\n{numbered(can.values())}", choices=[_to(do, visit) for do in can])


def _to(do: str, visit: Appointment) -> dict[str, str]:
    return {"do": do, "visit": str(visit.id)}


@command(
    "cancel|can i cancel|i want to cancel|i need to cancel|i have to cancel|i must cancel|i'd like to cancel",
    "CODE [series]",
    help="cancel a visit, or all of its series to come; you are told first what is refunded",
    group="Visits",
    heard=True,
    terms=SERIES,
)
async def cancel(session: Session, text: str) -> None:
    """Ask before cancelling. Behind the code: “series”, or why the clinic cancels."""
    visit = await _named(session, text, "cancel")
    if visit is None:
        return
    said = split_code(text)[1]
    if re.fullmatch(r"(?:the |whole |all |all of the )*series|all", said, re.IGNORECASE):
        await cancelling_series(session, {"visit": str(visit.id)})
        return
    why = read_why(said) if runs_visits(session.person) else Why.BY_CENTRE
    await cancelling(session, {"visit": str(visit.id), "why": why})


@action("cancelling")
async def cancelling(session: Session, choice: dict[str, Any]) -> None:
    """Say what cancelling comes to, and ask."""
    visit = await _chosen(session, choice["visit"])
    why = Why(choice.get("why", Why.BY_CENTRE))
    if visit.status not in {Status.BOOKED, Status.PENDING, Status.ARRIVED, Status.PROPOSED}:
        raise ConflictError("That visit cannot be cancelled any more.")
    refund = ""
    if visit.payment in {"paid", "authorised"}:
        by_patient = is_own(session, visit) or why is Why.PATIENT_ASKED
        back = refund_of(
            visit.price,
            by_patient=by_patient,
            now=session.tx.now,
            free_until=visit.free_until,
            late_percent=visit.late_refund_percent,
        )
        shown_back = back.show(session.person.language)
        becomes = _("be refunded") if visit.payment == "paid" else _("not be charged")
        refund = _(
            " {shown_back} of {amount} will {becomes}.",
            shown_back=shown_back,
            amount=visit.price.show(session.person.language),
            becomes=becomes,
        )
    await session.say(
        _(
            "Cancel this visit?{refund}\n\n{line}\n\nAnswer **yes** or **no**.",
            refund=refund,
            line=await line(session, visit),
        ),
        words={
            "yes": {"do": "cancel", "visit": choice["visit"], "why": why},
            "no": {"do": "keep"},
            "stop": {"do": "keep"},
        },
    )


@action("cancel")
async def cancel_(session: Session, choice: dict[str, Any]) -> None:
    """Cancel it."""
    why = Why(choice.get("why", Why.BY_CENTRE))
    done = await appointments.cancel(session.tx, session.ctx, session.person, UUID(choice["visit"]), why)
    becomes = _("be refunded") if done.appointment.payment == "refunded" else _("not be charged")
    refund = (
        _(" {amount} will {becomes}.", amount=done.refund.show(session.person.language), becomes=becomes)
        if done.refund
        else ""
    )
    if done.let_go and done.asked:
        refund = ngettext(
            " With it goes {count} more visit that was asked for together with it.",
            " With it go {count} more visits that were asked for together with it.",
            done.let_go,
        )
    elif done.let_go:
        refund = ngettext(
            " With it goes {count} more visit that was to be paid on the same page.",
            " With it go {count} more visits that were to be paid on the same page.",
            done.let_go,
        )
    session.dialogue.drop_last()
    await session.say(_("Cancelled.{refund}\n\n{line}", refund=refund, line=await line(session, done.appointment)))
    if done.appointment.sequence:
        await send_entry(session, done.appointment)


@action("keep")
async def keep(session: Session, choice: dict[str, Any]) -> None:
    """Nothing changes."""
    session.dialogue.drop_last()
    await session.say(_("Good. Nothing has changed."))


@command(
    "move|reschedule|change|can i move|can i change|can i reschedule|i want to move|i want to change"
    "|i want to reschedule|i need to move|i need to change|i need to reschedule|i have to move|i'd like to move"
    "|i'd like to change|i'd like to reschedule",
    "CODE [series]",
    help="move a visit, or all of its series to come, to another time; a payment moves with it",
    group="Visits",
    heard=True,
    dated=True,
    terms=SERIES,
)
async def move(session: Session, text: str) -> None:
    """Offer times for a visit."""
    visit = await _named(session, text, "move")
    if visit:
        said, series = re.subn(r"\b(?:the |whole |all of the )*series\b", "", split_code(text)[1], flags=re.IGNORECASE)
        await moving(session, {"visit": str(visit.id), "text": _TO.sub("on ", said), "series": bool(series)})


@action("moving")
async def moving(session: Session, choice: dict[str, Any]) -> None:
    """The times that a visit can be moved to, from a day on if one was named."""
    visit = await _chosen(session, choice["visit"])
    start = start_of(session, choice.get("text", ""), session.place) or session.tx.now
    await show_times(session, visit.service, start, {"moving": choice["visit"], "series": choice.get("series")})


@action("move")
async def move_(session: Session, choice: dict[str, Any]) -> None:
    """Move it to the time that was chosen."""
    start = datetime.fromisoformat(choice["start"])
    if choice.get("series"):
        await move_series(session, choice["moving"], start)
        return
    try:
        moved = await appointments.reschedule(session.tx, session.ctx, session.person, UUID(choice["moving"]), start)
    except ConflictError as conflict:
        await session.say(escape(str(conflict)))
        await moving(session, {"visit": choice["moving"]})
        return
    session.dialogue.drop_times()
    await session.say(_("Moved.\n\n{line}", line=await line(session, moved)))
    if moved.status is Status.BOOKED:
        await send_entry(session, moved)


@command(
    "reason|symptoms", "CODE WORDS", help="tell the doctor before the visit why you come", group="Visits", heard=True
)
async def reason(session: Session, text: str) -> None:
    """Why the patient comes; without words, what was said is shown to those who may read it."""
    code, words = split_code(text)
    if code is None:
        raise BadInputError("Write the visit's code and then why you come: reason K7QM3F a cough for two weeks")
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    if words:
        await set_reason(session.tx, session.ctx, session.person, visit.id, words)
        thanks = _(
            "Thank you. {name} can read it before visit **{code}**.",
            name=escape(visit.practitioner.name),
            code=visit.code,
        )
        reach = await reach_of(session.tx, session.ctx, visit.practitioner.id, visit.centre.id)
        away = answered_when(reach, session.place, session.tx.now) if reach.absence else ""
        await session.say(f"{thanks}\n\n{away}" if away else thanks)
        return
    said = await appointments.reason_of(session.tx, session.ctx, session.person, visit.id)
    await session.say(
        _("Visit **{code}**: {said}", code=visit.code, said=escape(said))
        if said
        else _("Nothing was said for visit {code}.", code=visit.code)
    )


@command("log", "CODE", help="what happened to a visit: when, by whom and why", group="Visits", heard=True)
async def log(session: Session, text: str) -> None:
    """A visit's history in words."""
    visit = await _named(session, text, "show")
    if visit is None:
        return
    steps = await appointments.history_of(session.tx, session.ctx, session.person, visit.id)
    lines = [
        _("- {moment}: {step}, by {who}", moment=moment(move.at, session.place), step=step(move.why), who=who)
        for move, who in steps
    ]
    await session.say(f"{await line(session, visit)}\n\n" + "\n".join(lines))


def is_own(session: Session, visit: Appointment) -> bool:
    """Whether the person speaks for the patient."""
    return visit.patient_id in {session.person.patient.id, *(each.id for each in session.person.family)}


async def _chosen(session: Session, visit: str) -> Appointment:
    """The visit of a choice that was offered before: the person may have lost the right to it since."""
    return await appointments.by_id(session.tx, session.ctx, session.person, UUID(visit))


async def _named(session: Session, text: str, verb: str) -> Appointment | None:
    """The visit whose code was written, or the only one there is; asks which, when there are more."""
    code, __ = split_code(text)
    if code:
        return await appointments.by_code(session.tx, session.ctx, session.person, code)
    found = await appointments.upcoming(session.tx, session.ctx, session.person)
    if not found:
        raise BadInputError("You have no visit to come. Staff write the visit's code behind the word.")
    if len(found) == 1:
        return found[0]
    do = {"cancel": "cancelling", "move": "moving", "show": "visit"}[verb]
    await session.say(
        _("Which one?\n\n{numbered}", numbered=numbered([await line(session, each) for each in found])),
        choices=[{"do": do, "visit": str(each.id)} for each in found],
    )
    return None
