"""What becomes of prescriptions: renewed when the patient asks, put on hold, taken up again, withdrawn."""

from typing import Any
from uuid import UUID

from appservice.conversation.checking import checks_of
from appservice.conversation.commands.records import newest_prescriptions
from appservice.conversation.commands.signing import ask_for_code, unlocked
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering.prescriptions import full, medicine, state
from appservice.conversation.rendering.reach import answered_when
from appservice.conversation.session import Session
from appservice.conversation.telling import tell, tell_patient
from appservice.conversation.understanding.answers import chosen, read_pick
from appservice.conversation.understanding.arguments import split_code
from appservice.matrix.markdown import escape
from booking.directory.reading import practitioner
from booking.reach.service import reach_of
from core.errors import BadInputError
from core.languages import _
from records.prescriptions.renewing import ask_renewal, decline_renewal, renew, renewal_asked
from records.prescriptions.rules import Prescription, Status, checked_reason
from records.prescriptions.service import change_prescription, prescription_by_code, withdraw_prescription

_LEAVE = {word: {"do": "leave prescription"} for word in ("stop", "no")}
_WITHDRAWN = "withdrawn"
_SAID = {_WITHDRAWN: "withdraw it", Status.ON_HOLD: "put it on hold", Status.ACTIVE: "take it up again"}


@command(
    "withdraw",
    "CODE WHY",
    help="withdraw a prescription of yours",
    who=doctor,
    group="Doctor",
    verified=True,
    heard=True,
)
async def withdraw(session: Session, text: str) -> None:
    """End a prescription, with a reason that the patient sees; signed like the prescription itself."""
    await _ask(session, text, _WITHDRAWN, "withdraw K7QM3F wrong strength")


@command(
    "hold",
    "CODE WHY",
    help="put a prescription of yours on hold",
    who=doctor,
    group="Doctor",
    verified=True,
    heard=True,
)
async def hold(session: Session, text: str) -> None:
    """No pharmacy gives anything on it until it is taken up again."""
    await _ask(session, text, Status.ON_HOLD, "hold K7QM3F blood test first")


@command("resume", "CODE WHY", help="take it up again", who=doctor, group="Doctor", verified=True, heard=True)
async def resume(session: Session, text: str) -> None:
    """From hold to active."""
    await _ask(session, text, Status.ACTIVE, "resume K7QM3F blood test is fine")


async def _ask(session: Session, text: str, to: str, example: str) -> None:
    code, why = split_code(text)
    if code is None:
        raise BadInputError("Write the prescription's code and then why: {example}", example=example)
    found = await prescription_by_code(session.tx, session.ctx.vault, await session.reader(), code)
    why = checked_reason(why)
    await ask_for_code(
        session,
        _("{full}\n\nTo {change}: {why}", full=full(found, session.place), change=_(_SAID[to]), why=escape(why)),
        {"do": "change prescription", "prescription": str(found.id), "to": to, "why": why},
        others=_("**stop** to leave it as it is"),
        words=_LEAVE,
    )


@action("change prescription")
async def changed(session: Session, choice: dict[str, Any]) -> None:
    """The code was given."""
    signer = await unlocked(session, choice)
    if signer is None:
        return
    tx, vault, reader, which = session.tx, session.ctx.vault, await session.reader(), UUID(choice["prescription"])
    if choice["to"] == _WITHDRAWN:
        done = await withdraw_prescription(tx, vault, reader, signer, which, choice["why"])
    else:
        done = await change_prescription(tx, vault, reader, signer, which, Status(choice["to"]), choice["why"])
    session.dialogue.drop_last()
    await tell_patient(session, "prescription_changed", done)
    await session.say(
        _("Signed: prescription **{code}** is {value}. The patient is told.", code=done.code, value=state(done.status))
    )


@action("leave prescription")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """Nothing is signed."""
    session.dialogue.drop_last()
    await session.say(_("It stays as it is."))


@command("renew", "NUMBER or CODE", help="ask the doctor for a prescription once more", group="Health", heard=True)
async def renew_(session: Session, text: str) -> None:
    """By its place among one's prescriptions, or by its code."""
    found = await _meant(session, text)
    asked = await ask_renewal(session.tx, session.ctx.vault, await session.reader(), found.id)
    doctor_ = await practitioner(session.tx, found.practitioner_id)
    if doctor_.person_id is None:
        raise BadInputError("This doctor cannot be reached here any more. Please book a visit.")
    await tell(session, "renewal", found, doctor_.person_id, renewal=str(asked.id))
    said = _(
        "I have asked {name} for {medicine} once more. The answer comes here.",
        name=escape(doctor_.name),
        medicine=medicine(found.draft),
    )
    reach = await reach_of(session.tx, session.ctx, doctor_.id, found.centre_id)
    when = answered_when(reach, session.place, session.tx.now)
    await session.say(f"{said}\n\n{when}" if when else said)


async def _meant(session: Session, text: str) -> Prescription:
    pick = read_pick(text)
    shown = session.dialogue.listed("show prescription")
    if pick and shown:  # a number means what it meant in the list that was shown
        code = shown[chosen(pick, len(shown))]["code"]
        return await prescription_by_code(session.tx, session.ctx.vault, await session.reader(), code)
    if pick:
        listed = await newest_prescriptions(session)
        if not listed:
            raise BadInputError("There are no prescriptions for you.")
        return listed[chosen(pick, len(listed))]
    code, _ = split_code(text)
    if code is None:
        raise BadInputError("Which one? Write its number or code: renew 1. “prescriptions” lists them.")
    return await prescription_by_code(session.tx, session.ctx.vault, await session.reader(), code)


@action("renew")
async def show_renewal(session: Session, choice: dict[str, Any]) -> None:
    """The doctor wants to renew: what is signed is shown first."""
    asked = await renewal_asked(session.tx, session.ctx.vault, await session.reader(), UUID(choice["renewal"]))
    prior = asked.prior
    checks = await checks_of(session, prior.draft, prior.patient_id, renews=prior.id)
    await ask_for_code(
        session,
        _("To prescribe once more, from today:\n\n{full}\n\n{checks}", full=full(prior, session.place), checks=checks),
        {"do": "renew sign", "renewal": choice["renewal"]},
        others=_("**stop** to leave it open"),
        words=_LEAVE,
    )


@action("renew sign")
async def renewed(session: Session, choice: dict[str, Any]) -> None:
    """The code was given."""
    signer = await unlocked(session, choice)
    if signer is None:
        return
    reader = await session.reader()
    written = await renew(session.tx, session.ctx.vault, reader, signer, UUID(choice["renewal"]))
    session.dialogue.drop_last()
    await tell_patient(session, "prescribed", written)
    await session.say(_("Signed: prescription **{code}**. The patient has it now.", code=written.code))


@action("decline renewal")
async def declined(session: Session, choice: dict[str, Any]) -> None:
    """The doctor does not renew."""
    reader = await session.reader()
    prior = await decline_renewal(session.tx, session.ctx.vault, reader, UUID(choice["renewal"]))
    await tell_patient(session, "not_renewed", prior, renewal=choice["renewal"])
    await session.say(_("Not renewed: **{code}**. The patient is told.", code=prior.code))
