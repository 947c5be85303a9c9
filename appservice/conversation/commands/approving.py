"""What the clinic says to bookings that it wants to approve first."""

from typing import Any
from uuid import UUID

from appservice.conversation.commands.doctors import day_list, named, runs_visits
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from booking.appointments import service as appointments
from booking.appointments.rules import Status
from booking.people.service import patient_name
from core.languages import _


@command(
    "requests|to approve|approvals",
    help="bookings that wait for your approval",
    who=runs_visits,
    group="Centre",
    bare=True,
)
async def requests(session: Session, text: str) -> None:
    """What waits for an answer, soonest first."""
    found = await appointments.to_approve(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("Nothing waits for your approval."))
        return
    await session.say(
        _(
            "{day_list}\n\nWrite “approve {code}” or “decline {code}”.",
            day_list=await day_list(session, found, dated=True),
            code=found[0].code,
        )
    )


@command("approve", "CODE", help="approve a booking that was asked for", who=runs_visits, group="Centre")
async def approve(session: Session, text: str) -> None:
    """By its code."""
    await approve_(session, {"visit": str((await named(session, text)).id)})


@action("approve")
async def approve_(session: Session, choice: dict[str, Any]) -> None:
    """The patient is told, and sent the page to pay on where it is paid in advance."""
    visit = await appointments.approve(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    who = await patient_name(session.tx, session.ctx, visit.patient_id)
    paying = (
        _("\n\nThe time is kept until {moment} for the patient to pay.", moment=moment(visit.pay_until, session.place))
        if visit.status is Status.PENDING
        else ""
    )
    await session.say(_("Approved. {shown}{paying}", shown=shown(visit, session.place, whose=who), paying=paying))


@command("decline", "CODE", help="decline a booking that was asked for", who=runs_visits, group="Centre")
async def decline(session: Session, text: str) -> None:
    """By its code."""
    await decline_(session, {"visit": str((await named(session, text)).id)})


@action("decline")
async def decline_(session: Session, choice: dict[str, Any]) -> None:
    """The patient is told, and offered other times."""
    visit = await appointments.decline(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    await session.say(
        _("Declined. Visit **{code}**: the time is free again, and the patient can choose another.", code=visit.code)
    )
