"""Waiting for a place: asking to, what one waits for, and the answer to a time that came free."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from appservice.conversation.commands.finding import meant_by, not_read, own, understood, whom
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.waiting import waited_for
from appservice.conversation.session import Session
from appservice.conversation.understanding.clock import moment
from booking.directory import reading
from booking.people.service import patient_name
from booking.schedules.service import free_times
from booking.search.service import matching
from booking.waiting import offering
from booking.waiting import service as waiting
from booking.waiting.service import Wait
from core.errors import BadInputError
from core.languages import N_, _

_EXAMPLE = N_("“wait for dr.osei next week”")


@command(
    "wait for|wait|put me on the waiting list for|waiting list for",
    "WHAT",
    help="be offered a time that comes free, for example “wait for dr.osei next week”",
    group="Visits",
    heard=True,
)
async def wait_for_(session: Session, text: str) -> None:
    """A wish, as for finding."""
    if not text:
        raise BadInputError("Write whom you wait for, like {example}.", example=_(_EXAMPLE))
    await _wait_for(session, [text])


@action("wait for")
async def wait_for(session: Session, choice: dict[str, Any]) -> None:
    """What was looked for, and not found."""
    await _wait_for(session, choice["wish"], choice.get("referral"), choice.get("patient"))


async def _wait_for(
    session: Session, sentences: list[str], referral: str | None = None, for_whom: str | None = None
) -> None:
    """Wait with all that are what the wish can't do without; its days and hours are what is waited for."""
    wanted = understood(session, sentences)
    if not wanted.whom:
        raise BadInputError("Write which doctor or kind of doctor you wait for, like {example}.", example=_(_EXAMPLE))
    patient = own(session, for_whom) if for_whom else await whom(session, wanted)
    wish = await meant_by(session, wanted, patient)
    made = await waiting.ask(
        session.tx,
        session.ctx,
        session.person,
        patient.id,
        [each.id for each in await matching(session.tx, wish)],
        earliest=wish.earliest,
        latest=wish.latest,
        after=wish.after,
        before=wish.before,
        referral_id=UUID(referral) if referral else None,
        weekdays_off=wish.weekdays_off,
        days_off=wish.days_off,
    )
    await _said(session, made, not_read(session, wanted))


@action("wait for service")
async def wait_for_service(session: Session, choice: dict[str, Any]) -> None:
    """An earlier time than the first of those shown; of that day, where there are times on days before."""
    service = await reading.service(session.tx, UUID(choice["service"]))
    latest = datetime.fromisoformat(choice["latest"])
    day = moment(latest.astimezone(session.place).date(), time(), session.place)
    sooner = await free_times(session.tx, service, session.tx.now, day, limit=1) if session.tx.now < day else []
    made = await waiting.ask(
        session.tx,
        session.ctx,
        session.person,
        UUID(choice["patient"]),
        [service.id],
        earliest=day if sooner else None,
        latest=latest,
        referral_id=UUID(choice["referral"]) if choice.get("referral") else None,
    )
    await _said(session, made)


async def _said(session: Session, made: Wait, note: str = "") -> None:
    await session.say(
        note
        + _(
            "You are on the waiting list: {line}. When a time comes free, I offer it to you, and"
            " keep it for you for a while. “waiting” shows what you wait for.",
            line=await _line(session, made),
        )
    )


@command(
    "waiting|waiting list|what i wait for",
    help="what you wait for, and how to stop",
    group="Visits",
    bare=True,
    heard=True,
)
async def waiting_(session: Session, text: str) -> None:
    """Numbered, to be stopped."""
    found = await waiting.waits_of(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("You wait for nothing. When no time suits you, write {EXAMPLE}.", EXAMPLE=_(_EXAMPLE)))
        return
    await session.say(
        _(
            "You wait for:\n\n{numbered}\n\nAnswer with a number to wait for it no longer.",
            numbered=numbered([await _line(session, each) for each in found]),
        ),
        choices=[{"do": "stop waiting", "waiting": str(each.wait.id)} for each in found],
    )


@action("stop waiting")
async def stop_waiting(session: Session, choice: dict[str, Any]) -> None:
    """Leave the line."""
    await waiting.stop(session.tx, session.ctx, session.person, UUID(choice["waiting"]))
    await session.say(_("You wait for that no longer."))


@action("take up")
async def take_up(session: Session, choice: dict[str, Any]) -> None:
    """The time is theirs; the confirmation, or the link to pay, comes as a notice."""
    await offering.take_up(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    if session.person.name is None:
        await session.say(_("Which name should the clinic see? Write it like: name Ada Lovelace"))


@action("leave")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """The next in line is asked."""
    await offering.leave(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    await session.say(
        _("It goes to the next in line. You stay on the waiting list; “waiting” shows what you wait for.")
    )


async def _line(session: Session, each: Wait) -> str:
    doctors = {service.practitioner_id for service in each.services}
    names = [(await reading.practitioner(session.tx, doctor)).name for doctor in doctors]
    own = each.wait.patient_id == session.person.patient.id
    whose = "" if own else await patient_name(session.tx, session.ctx, each.wait.patient_id)
    return waited_for(each, sorted(names), session.place, whose=whose)
