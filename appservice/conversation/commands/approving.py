"""What the clinic says to bookings that it wants to approve first."""

from typing import Any
from uuid import UUID

from appservice.conversation.commands.doctors import day_list, named, runs_visits
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import visit as shown
from appservice.conversation.rendering.values import moment, times
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.appointments import series
from booking.appointments import service as appointments
from booking.appointments.rules import Status
from booking.people.service import patient_name
from core.languages import _, ngettext


@command(
    "requests|to approve|approvals",
    help="bookings that wait for your approval",
    who=runs_visits,
    group="Centre",
    bare=True,
    heard=True,
)
async def requests(session: Session, text: str) -> None:
    """What waits for an answer, soonest first."""
    found = await appointments.to_approve(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("Nothing waits for your approval."))
        return
    whole = _(" A series is approved, or declined, as a whole.") if any(each.series_id for each in found) else ""
    said = _(
        "{day_list}\n\nWrite “approve {code}” or “decline {code}”.",
        day_list=await day_list(session, found, dated=True),
        code=found[0].code,
    )
    await session.say(said + whole)


@command("approve", "CODE", help="approve a booking that was asked for", who=runs_visits, group="Centre", heard=True)
async def approve(session: Session, text: str) -> None:
    """By its code."""
    await approve_(session, {"visit": str((await named(session, text)).id)})


@action("approve")
async def approve_(session: Session, choice: dict[str, Any]) -> None:
    """The patient is told, and sent the page to pay on where it is paid in advance."""
    visit = await appointments.approve(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    together = await series.made_with(session.tx, session.ctx, session.person, visit.id)
    who = await patient_name(session.tx, session.ctx, visit.patient_id)
    paying = (
        _("\n\nThe time is kept until {moment} for the patient to pay.", moment=moment(visit.pay_until, session.place))
        if visit.status is Status.PENDING
        else ""
    )
    if len(together) > 1:
        await session.say(
            ngettext(
                "Approved {count} visit for **{who}**: {dates}.{paying}",
                "Approved {count} visits for **{who}**: {dates}.{paying}",
                len(together),
                who=escape(who),
                dates=times([each.start for each in together], session.place),
                paying=paying,
            )
        )
        return
    await session.say(_("Approved. {shown}{paying}", shown=shown(visit, session.place, whose=who), paying=paying))


@command("decline", "CODE", help="decline a booking that was asked for", who=runs_visits, group="Centre", heard=True)
async def decline(session: Session, text: str) -> None:
    """By its code."""
    await decline_(session, {"visit": str((await named(session, text)).id)})


@action("decline")
async def decline_(session: Session, choice: dict[str, Any]) -> None:
    """The patient is told, and offered other times."""
    visit = await appointments.decline(session.tx, session.ctx, session.person, UUID(choice["visit"]))
    together = await series.made_with(session.tx, session.ctx, session.person, visit.id)
    if len(together) > 1:
        await session.say(
            ngettext(
                "Declined {count} visit: {dates}. The time is free again, and the patient is told.",
                "Declined {count} visits: {dates}. The times are free again, and the patient is told.",
                len(together),
                dates=times([each.start for each in together], session.place),
            )
        )
        return
    await session.say(
        _("Declined. Visit **{code}**: the time is free again, and the patient can choose another.", code=visit.code)
    )
