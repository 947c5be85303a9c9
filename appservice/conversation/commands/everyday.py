"""What people say in whole sentences of their own, and which command that is. Help does not list them."""

from uuid import UUID

from appservice.conversation.commands.records import prescriptions
from appservice.conversation.commands.visits import appointments_, cancel
from appservice.conversation.registry import ACTIONS, command
from appservice.conversation.rendering.values import minutes
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.appointments.approving import is_prepaid
from booking.directory import reading
from booking.directory.model import Service
from core.languages import _


@command(
    "i can't come|i cannot come|i cant come|i can't make it|i cannot make it|i cant make it",
    help="cancel a visit",
    group="",
    heard=True,
)
async def cannot_come(session: Session, text: str) -> None:
    """Where a day is named while times are looked for, it is left out; else a visit is cancelled, once that is sure."""
    asked = session.dialogue.last
    if text and asked and asked.refine:
        await ACTIONS[asked.refine["do"]](session, {**asked.refine, "text": f"not {text}"})
        return
    await cancel(session, "")


@command(
    "where is my appointment|where is my visit|where is it|do i have an appointment|what is the address",
    help="your visits and how they stand",
    group="",
    heard=True,
)
async def where_(session: Session, text: str) -> None:
    """The visits to come tell where they are."""
    await appointments_(session, "")


@command(
    "how do i pay|can i pay|where do i pay|when do i pay|do i have to pay|do i need to pay|must i pay|pay later",
    help="how a visit is paid",
    group="",
    heard=True,
)
async def how_paid(session: Session, text: str) -> None:
    """The visits to come tell how they are paid; while others are looked for, it is by the rule of those on show."""
    shown = _on_show(session)
    held = minutes(session.ctx.settings.booking.hold_minutes)
    booked = await appointments.upcoming(session.tx, session.ctx, session.person)
    if any(not shown or each.service.id in shown for each in booked):
        await appointments_(session, "")
    elif len(shown) == 1:
        await session.say(await _paid(session, await reading.service(session.tx, shown[0]), held))
    else:
        await session.say(
            _(
                "Each centre decides that. Some visits are paid at the desk, when you come; others when you book, and"
                " the time is held for you for {held} until you have paid. Choose a doctor and ask again, and I say"
                " which it is.",
                held=held,
            )
        )


@command(
    "what does it cost|what does that cost|how much is it|how much is that|how much does it cost|how much"
    "|what's the price|what is the price|how much do i pay",
    help="what visits cost",
    group="",
    bare=True,
    heard=True,
)
async def how_much(session: Session, text: str) -> None:
    """The prices of what is on show, or else of the visits to come."""
    shown = _on_show(session)
    if shown:
        services = [await reading.service(session.tx, each) for each in shown]
        prices = [(each.practitioner_id, each.price) for each in services]
    else:
        booked = await appointments.upcoming(session.tx, session.ctx, session.person)
        prices = [(each.practitioner.id, each.price) for each in booked]
    if not prices:
        await session.say(_("You have no visits to come. Tell me which kind of doctor you need, and where."))
        return
    rows = []
    for doctor, price in prices:
        name = (await reading.practitioner(session.tx, doctor)).name
        rows.append(f"- **{escape(name)}**: {price.show(session.person.language) if price.amount else _('free')}")
    await session.say("\n".join(rows))


@command(
    "talk to a human|can i talk to a human|talk to somebody|can i talk to somebody|talk to someone"
    "|can i talk to someone|speak to somebody|can i speak to somebody|speak to someone|can i speak to someone|call me"
    "|please call me|can you call me|what is the phone number|what's the phone number|phone number|is anybody there",
    help="how to reach people",
    group="",
    bare=True,
    heard=True,
)
async def whom_to_call(session: Session, text: str) -> None:
    """Where the centres are reached of what is on show, or else of the visits to come; and how a doctor is asked."""
    booked = await appointments.upcoming(session.tx, session.ctx, session.person)
    shown = [await reading.service(session.tx, each) for each in _on_show(session)]
    wanted = [each.centre_id for each in shown] or [each.centre.id for each in booked]
    centres = [await reading.centre(session.tx, each) for each in dict.fromkeys(wanted)]
    rows = [f"- **{escape(each.name)}**: {escape(each.phone or f'{each.street}, {each.city}')}" for each in centres]
    said = [_("I am a program, and nobody reads along here. In an emergency, call **112**.")]
    if rows:
        said.append(_("The centre is reached so:") + "\n\n" + "\n".join(rows))
    else:
        said.append(_("Choose a doctor and ask again, and I tell you how to reach the centre."))
    if booked:
        said.append(_("To ask the doctor something, write **ask {code}** and your question.", code=booked[0].code))
    await session.say("\n\n".join(said))


def _on_show(session: Session) -> list[UUID]:
    """The services that were listed last, or of which times were."""
    asked = session.dialogue.last
    listed = (each["service"] for each in (asked.choices if asked else ()) if each["do"] in {"times", "book"})
    return [UUID(each) for each in dict.fromkeys(listed)]


async def _paid(session: Session, service: Service, held: str) -> str:
    """How visits of one service are paid."""
    doctor = escape((await reading.practitioner(session.tx, service.practitioner_id)).name)
    if not service.price.amount:
        return _("That visit with **{doctor}** is free.", doctor=doctor)
    if not is_prepaid(session.ctx, service):
        return _(
            "The visit with **{doctor}** is paid at the desk, when you come: to book it you pay nothing.", doctor=doctor
        )
    said = _(
        "The visit with **{doctor}** is paid when you book: the time you choose is held for you for {held}, and is"
        " yours once you have paid on the page that I send.",
        doctor=doctor,
        held=held,
    )
    if (await reading.centre(session.tx, service.centre_id)).captures:
        later = _("Your card is only authorised then, and charged after the visit, unless that is too many days ahead.")
        said = f"{said} {later}"
    return said


@command(
    "what did the doctor prescribe|what was prescribed|my medicines|my medicine|my medication|which medicines",
    help="your prescriptions",
    group="",
    heard=True,
)
async def prescribed(session: Session, text: str) -> None:
    """One's prescriptions."""
    await prescriptions(session, "")
