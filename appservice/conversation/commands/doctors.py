"""A doctor's day: who comes, and how each visit stands."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.registry import command, doctor
from appservice.conversation.rendering.lists import status
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import clock, mode, moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.days import HALF_A_YEAR, read_days
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.context import Context
from booking.people.service import Person, patient_name
from core.database import Tx
from core.errors import BadInputError
from core.languages import _

_LONGEST_PICK = 3


async def day_list(session: Session, found: list[Appointment], *, dated: bool = False) -> str:
    """Visits with the patients' names, for those who run them: of a day, or `dated` of several."""
    return await visits_listed(session.tx, session.ctx, session.place, found, dated=dated)


async def visits_listed(
    tx: Tx, ctx: Context, place: ZoneInfo, found: list[Appointment], *, dated: bool = False, doctors: bool = False
) -> str:
    """The same without a talk. `doctors`: with the doctor's name too."""
    lines = []
    for each in found:
        who = escape(await patient_name(tx, ctx, each.patient_id))
        start = moment(each.start, place) if dated else clock(each.start, place)
        doctor_too = _(" with {name}", name=escape(each.practitioner.name)) if doctors else ""
        lines.append(
            _(
                "- {start}-{clock} **{who}**{doctor_too}, visit {code}, {mode}, {state}",
                start=start,
                clock=clock(each.end, place),
                who=who,
                doctor_too=doctor_too,
                code=each.code,
                mode=mode(each.service),
                state=status(each.status),
            )
        )
    return "\n".join(lines)


def day_of(session: Session, text: str) -> date:
    """The day that a text names, without a year the nearest; today if it names none. Raises BadInputError."""
    if not text.strip():
        return session.today
    today = session.today
    days = read_days(Reading(text), today, session.person.language, past=True, since=today - HALF_A_YEAR)
    if days is None:
        raise BadInputError("Which day? Write it like tomorrow, Friday or 24.11.")
    return days.first


Step = Callable[[Tx, Context, Person, UUID], Awaitable[Appointment]]


async def named(session: Session, text: str) -> Appointment:
    """The visit whose code was written, or its number in the day's list. Raises BadInputError, RefusedError."""
    pick = text.strip().rstrip(".")
    if pick.isdecimal() and len(pick) <= _LONGEST_PICK:
        shown = next((each for each in reversed(session.dialogue.questions) if each.kept), None)
        if shown is None or not 0 < int(pick) <= len(shown.choices):
            raise BadInputError("There is no such number in the list of the day. Write “today” to see it.")
        return await appointments.by_id(
            session.tx, session.ctx, session.person, UUID(shown.choices[int(pick) - 1]["visit"])
        )
    code, _ = split_code(text)
    if code is None:
        raise BadInputError("Write the visit's code or number behind the word; “today” shows them.")
    return await appointments.by_code(session.tx, session.ctx, session.person, code)


async def _step(session: Session, text: str, step: Step) -> None:
    visit = await named(session, text)
    done = await step(session.tx, session.ctx, session.person, visit.id)
    who = await patient_name(session.tx, session.ctx, done.patient_id)
    await session.say(shown(done, session.place, whose=who))


def runs_visits(person: Person) -> bool:
    return doctor(person) or bool(person.administers)


@command("arrived|here", "CODE|NUMBER", help="the patient has come", who=runs_visits, group="Doctor", heard=True)
async def arrived(session: Session, text: str) -> None:
    """Note that the patient has come."""
    await _step(session, text, appointments.arrive)


@command(
    "done|finished|fulfilled", "CODE|NUMBER", help="the visit is over", who=runs_visits, group="Doctor", heard=True
)
async def done(session: Session, text: str) -> None:
    """Note that the visit is over."""
    await _step(session, text, appointments.fulfil)


@command(
    "no-show|noshow|no show|missed",
    "CODE|NUMBER",
    help="the patient did not come",
    who=runs_visits,
    group="Doctor",
    heard=True,
)
async def no_show(session: Session, text: str) -> None:
    """Note that the patient did not come."""
    await missed(session, await named(session, text))


async def missed(session: Session, visit: Appointment) -> None:
    """Mark a visit as missed, and say how that is taken back."""
    marked = await appointments.no_show(session.tx, session.ctx, session.person, visit.id)
    who = await patient_name(session.tx, session.ctx, visit.patient_id)
    refund = _(" {amount} go back.", amount=marked.refund.show(session.person.language)) if marked.refund else ""
    await session.say(
        _(
            "{shown}\n\nThe patient is told.{refund} If it was a mistake: not missed {code}",
            shown=shown(marked.appointment, session.place, whose=who),
            refund=refund,
            code=visit.code,
        )
    )


@command(
    "not missed|not no-show|came after all",
    "CODE",
    help="the patient was there after all",
    who=runs_visits,
    group="Doctor",
    heard=True,
)
async def not_missed(session: Session, text: str) -> None:
    """Take a missed visit back."""
    await _step(session, text, appointments.came_after_all)
