"""What the clinic books itself: for a patient who phones, and beside what the doctor has already."""

from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.conversation.commands.booking import start_of
from appservice.conversation.commands.doctors import day_list, named, runs_visits
from appservice.conversation.commands.team import doctor_of
from appservice.conversation.entries import send_entry
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import minutes, mode, moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import WHOM, split_code
from appservice.conversation.understanding.clock import read_hours
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.access import may_run_visit
from booking.appointments import desk
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.appointments.rules import Status
from booking.directory import reading
from booking.people.service import patient_name
from core.errors import BadInputError, RefusedError
from core.languages import _, ngettext


@command(
    "overbook",
    "DOCTOR DAY TIME for CODE|@PATIENT",
    help="take a patient in beside what is booked: overbook dr.osei tomorrow 10:00 for K7QM3F",
    who=runs_visits,
    group="Centre",
    heard=True,
    dated=True,
)
async def overbook(session: Session, text: str) -> None:
    """Say what is there already, and ask."""
    await _which(session, text, "overbook")


@action("book for")
async def book_for(session: Session, choice: dict[str, Any]) -> None:
    """`book` as staff say it."""
    await _which(session, choice["text"], "book")


async def _which(session: Session, text: str, do: str) -> None:
    """Read doctor, time and patient, and find the service that is meant."""
    words = Reading(text)
    whom = words.take(WHOM)
    doctor = await doctor_of(session, words)
    hours = read_hours(Reading(words.rest))
    if (
        whom is None
        or hours is None
        or hours.exact is None
        or not (start := start_of(session, words.rest, session.place))
    ):
        raise BadInputError("Write it like: {do} dr.osei tomorrow 10:00 for K7QM3F", do=do)
    who = whom["who"] if whom["who"].startswith("@") else split_code(whom["who"])[0] or whom["who"]
    offered = [
        each
        for each in await reading.services_of(session.tx, doctor.id)
        if may_run_visit(session.person, practitioner_id=each.practitioner_id, centre_id=each.centre_id)
    ]
    if not offered:
        raise RefusedError
    base = {"start": start.isoformat(), "who": who}
    choices = [base | {"do": f"{do} at", "service": str(each.id)} for each in offered]
    if len(choices) == 1:
        await (overbook_at if do == "overbook" else book_at)(session, choices[0])
        return
    lines = [f"{escape(each.name)}, {mode(each)}, {minutes(each.minutes)}" for each in offered]
    await session.say(
        _("For what? {moment}\n\n{numbered}", moment=moment(start, session.place), numbered=numbered(lines)),
        choices=choices,
    )


@action("book at")
async def book_at(session: Session, choice: dict[str, Any]) -> None:
    """Book a free time for a patient whom the clinic knows."""
    visit = await desk.book_for(
        session.tx,
        session.ctx,
        session.person,
        service_id=UUID(choice["service"]),
        start=datetime.fromisoformat(choice["start"]),
        who=choice["who"],
    )
    paying = _(" The page to pay on goes to the patient.") if visit.status is Status.PENDING else ""
    await session.say(f"{await _line(session, visit)}{paying}")


@action("overbook at")
async def overbook_at(session: Session, choice: dict[str, Any]) -> None:
    """Ask before a second visit is put beside what is there."""
    start, service_id = datetime.fromisoformat(choice["start"]), UUID(choice["service"])
    service = await reading.service(session.tx, service_id)
    known = await desk.known_patient(session.tx, session.ctx, session.person, service, choice["who"])
    there, elsewhere = await desk.there_already(session.tx, session.ctx, session.person, service_id, start)
    who = escape(await patient_name(session.tx, session.ctx, known.patient_id))
    listed = [await day_list(session, there)] if there else []
    if elsewhere:
        listed.append(
            ngettext("- {count} that you may not look into", "- {count} that you may not look into", elsewhere)
        )
    beside = (
        _("There is already:\n\n{day_list}", day_list="\n".join(listed)) if listed else _("Nothing is booked then.")
    )
    await session.say(
        _(
            "{beside}\n\nTake **{who}** in on {moment}, for {length}, whatever the hours say?"
            " Answer **yes** or **no**.",
            beside=beside,
            who=who,
            moment=moment(start, session.place),
            length=minutes(service.minutes),
        ),
        words={"yes": {**choice, "do": "overbook"}, "no": {"do": "keep"}, "stop": {"do": "keep"}},
    )


@action("overbook")
async def overbook_(session: Session, choice: dict[str, Any]) -> None:
    """Do it; the history says who did."""
    session.dialogue.drop_last()
    visit = await desk.overbook(
        session.tx,
        session.ctx,
        session.person,
        service_id=UUID(choice["service"]),
        start=datetime.fromisoformat(choice["start"]),
        who=choice["who"],
    )
    await session.say(await _line(session, visit))


@command(
    "mistake|entered in error", "CODE", help="a visit that never should have been", who=runs_visits, group="Centre"
)
async def mistake(session: Session, text: str) -> None:
    """Ask before it is marked."""
    visit = await named(session, text)
    paid = _(" All that was paid goes back.") if visit.payment in {"paid", "authorised"} else ""
    await session.say(
        _(
            "{line}\n\nMark it as entered by mistake? It will not count, and all are told.{paid}"
            " Answer **yes** or **no**.",
            line=await _line(session, visit),
            paid=paid,
        ),
        words={"yes": {"do": "mistake", "visit": str(visit.id)}, "no": {"do": "keep"}, "stop": {"do": "keep"}},
    )


@action("mistake")
async def mistake_(session: Session, choice: dict[str, Any]) -> None:
    """Mark it."""
    session.dialogue.drop_last()
    done = await appointments.mark_mistake(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    await session.say(await _line(session, done.appointment))
    if done.appointment.sequence:
        await send_entry(session, done.appointment)


async def _line(session: Session, visit: Appointment) -> str:
    who = await patient_name(session.tx, session.ctx, visit.patient_id)
    return shown(visit, session.place, whose=who)
