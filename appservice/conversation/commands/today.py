"""A doctor's day while it goes on: the list with its moves, the next patient, and running late."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.boards import board_of, current, remember
from appservice.conversation.commands.doctors import day_of, missed, named, runs_visits
from appservice.conversation.commands.team import doctor_of
from appservice.conversation.consulting import room_link
from appservice.conversation.registry import Line, action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import clock
from appservice.conversation.session import Session
from appservice.conversation.understanding.durations import read_lengths
from appservice.conversation.understanding.terms import LENGTHS
from appservice.conversation.understanding.text import Reading, refuse_less_than_nothing
from appservice.matrix.markdown import escape
from booking.appointments import attendance
from booking.appointments.model import Appointment
from booking.appointments.rules import Status
from booking.appointments.service import by_id, upcoming
from booking.day.service import call_next, day_of_centre, day_of_doctor, run_late, step_on
from booking.directory import reading
from booking.people.service import patient_name
from core.errors import BadInputError
from core.languages import N_, _, ngettext

_ON_TIME = re.compile(r"^(?:off|over|no(?: more| longer)?|not|0|on time|in time|never mind|none)\b", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w.])(?P<n>\d{1,3})(?![\w.:])(?! ?(?:h|hours?|m|min|minutes?)\b)", re.IGNORECASE)


@command(
    "today|day|my day|schedule|show my day|todays list|today's list|patients today|my patients today"
    "|who is here today|who comes today",
    "[DAY]",
    help="your visits of the day, with a tap for each step; the list keeps itself up to date",
    who=runs_visits,
    group="Doctor",
    heard=True,
    dated=True,
)
async def today(session: Session, text: str) -> None:
    """The doctor's list; to an admin who is no doctor, the centre's, or a doctor's that is named."""
    words = Reading(text)
    if re.search(r"\bdr\b", text, re.IGNORECASE) or session.person.practitioner_id:
        who = await doctor_of(session, words) if re.search(r"\bdr\b", text, re.IGNORECASE) else None
        subject = who.id if who else session.person.practitioner_id
        assert subject
        await _show(session, subject, words.rest.replace(Reading.GAP, " "), of_centre=False)
        return
    for centre_id in sorted(session.person.administers):
        if len(session.person.administers) > 1:
            await session.say(f"**{escape((await reading.centre(session.tx, centre_id)).name)}**")
        await _show(session, centre_id, text, of_centre=True)


async def _show(session: Session, subject: UUID, text: str, *, of_centre: bool) -> None:
    when = day_of(session, text)
    board = await board_of(session.tx, session.ctx, session.person, subject, when, of_centre=of_centre)
    key = await session.say(board.text, choices=board.choices, taps=board.taps, kept=bool(board.taps))
    await remember(
        session.tx,
        session.person,
        subject,
        when,
        board,
        of_centre=of_centre,
        room_id=session.room_id,
        key=key,
    )


@action("day visit")
async def day_visit(session: Session, choice: dict[str, Any]) -> None:
    """Of another day: what the visit is, and what can be done."""
    visit = await by_id(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    who = await patient_name(session.tx, session.ctx, visit.patient_id)
    hint = _("“move {code}” or “cancel {code}” changes it.", code=visit.code)
    await session.say(f"{shown(visit, session.place, whose=who)}\n\n{hint}")


@action("day step")
async def day_step(session: Session, choice: dict[str, Any]) -> None:
    """One tap, one step. The list shows it by itself; who has typed is answered, too."""
    visit = await step_on(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    await session.untap()
    await _stepped(session, visit)


@action("day next")
async def day_next(session: Session, choice: dict[str, Any]) -> None:
    """The emoji under the list."""
    await session.untap()
    await _next(session, UUID(choice["subject"]))


@action("day missed")
async def day_missed(session: Session, choice: dict[str, Any]) -> None:
    """The emoji under the list: whose time it is, and who has not come."""
    look = day_of_centre if choice["centre"] else day_of_doctor
    found = await look(session.tx, session.ctx, session.person, UUID(choice["subject"]), session.today)
    visit = current(found.visits, session.tx.now)
    if visit is None:
        raise BadInputError("Everybody whose time has come is there. Write “no-show” and a number for another one.")
    await session.untap()
    await missed(session, visit)


@command(
    "start|begin",
    "CODE|NUMBER",
    help="begin with a patient, who is told that you are ready",
    who=runs_visits,
    group="Doctor",
    heard=True,
)
async def start(session: Session, text: str) -> None:
    """Begin with somebody."""
    visit = await named(session, text)
    await _stepped(session, await attendance.begin(session.tx, session.ctx, session.person, visit.id))


@command(
    "next|next patient|call next|whos next|who's next|who is next",
    "[DOCTOR]",
    help="close the visit that is under way and begin the next; the patient is told",
    who=runs_visits,
    group="Doctor",
    heard=True,
)
async def next_(session: Session, text: str) -> None:
    """The next consultation."""
    await _next(session, (await doctor_of(session, Reading(text))).id)


async def _next(session: Session, practitioner_id: UUID) -> None:
    called = await call_next(session.tx, session.ctx, session.person, practitioner_id)
    over = ""
    if called.over:
        over = _("{patient} is done.", patient=await _who(session, called.over)) + " "
    if called.now is None:
        await session.say(over + _("Nobody waits for you now."))
        return
    await session.say(over + await _begun(session, called.now))


async def _stepped(session: Session, visit: Appointment) -> None:
    """Say how a visit stands now, where that says more than the list."""
    if visit.status is Status.ARRIVED and visit.started_at:
        await session.say(await _begun(session, visit))
        return
    if session.tapped:
        return
    await session.say(shown(visit, session.place, whose=await patient_name(session.tx, session.ctx, visit.patient_id)))


async def _begun(session: Session, visit: Appointment) -> str:
    """Who comes now, and where the two talk."""
    when = clock(visit.start, session.place)
    said = _(
        "Now: {patient}, {time}, visit **{code}**.", patient=await _who(session, visit), time=when, code=visit.code
    )
    if link := await room_link(session.tx, session.ctx, visit):
        said += " " + _("Your room: {link}", link=link)
    return said + " " + _("“next” or “done {code}” ends it.", code=visit.code)


async def _who(session: Session, visit: Appointment) -> str:
    return f"**{escape(await patient_name(session.tx, session.ctx, visit.patient_id))}**"


@command(
    "late|running late|i am late|delay|delayed|i'm late|im late|i'm running late|i am running late|i will be late"
    "|i'll be late|im running late|im runing late",
    "MINUTES [DOCTOR]",
    help="tell those who wait that you run late, with the time at which to expect you; “late off” when it is over",
    group="Doctor",
    heard=True,
    terms=LENGTHS,
    patients=Line("", "", N_("tell the doctor that you come later")),
)
async def late(session: Session, text: str) -> None:
    """By how many minutes; of which doctor, where an admin says it. A patient is told how to tell the doctor."""
    if not runs_visits(session.person):
        await _how_to_tell(session)
        return
    words = Reading(text)
    who = await doctor_of(session, words)
    left = words.rest.replace(Reading.GAP, " ").strip(" .!,")
    left = re.sub(r"^by\b", "", left, flags=re.IGNORECASE).strip()
    if _ON_TIME.match(left):
        minutes = 0
    elif bare := _BARE.search(left):
        refuse_less_than_nothing(left, bare)
        minutes = int(bare["n"])
    elif left:
        minutes = sum(read_lengths(left))
    else:
        raise BadInputError("By how many minutes? Write it like: late 20")
    said = await run_late(session.tx, session.ctx, session.person, who.id, minutes)
    if not said.told:
        await session.say(
            _("Nobody is told: whoever waits is seen in time.") if minutes else _("Nobody was told to wait longer.")
        )
        return
    lines = [
        _(
            "{patient}, {time}: to expect you at {expected}",
            patient=await _who(session, visit),
            time=clock(visit.start, session.place),
            expected=clock(expected, session.place),
        )
        if expected > visit.start
        else _(
            "{patient}, {time}: in time again",
            patient=await _who(session, visit),
            time=clock(visit.start, session.place),
        )
        for visit, expected in said.told
    ]
    count = ngettext("One who waits is told:", "{count} who wait are told:", len(lines))
    rest = said.waiting - len(lines)
    tail = ngettext("One more comes in their time.", "{count} more come in their time.", rest) if rest else ""
    await session.say(f"{count}\n\n{numbered(lines)}" + (f"\n\n{tail}" if tail else ""))


async def _how_to_tell(session: Session) -> None:
    """Only the patient knows the words, and whether they are for the doctor of the next visit."""
    found = await upcoming(session.tx, session.ctx, session.person)
    if not found:
        raise BadInputError("You have no visit to come.")
    await session.say(
        _(
            "To tell {name}, write: ask {code} and your words, for example: ask {code} I come ten minutes later",
            name=escape(found[0].practitioner.name),
            code=found[0].code,
        )
    )


@command(
    "on time|in time",
    "[DOCTOR]",
    help="you run late no more; those who were told are told so",
    who=runs_visits,
    group="Doctor",
    heard=True,
)
async def on_time(session: Session, text: str) -> None:
    """The delay is over."""
    await late(session, f"off {text}")
