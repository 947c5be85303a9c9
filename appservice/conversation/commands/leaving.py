"""Leaving a centre or the platform, and handing patients over."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.commands.doctors import day_list
from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import action, command, runs_centres, runs_or_treats
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_mxid
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.people.service import guardians_of, person_of
from booking.staff.leaving import HandOver, hand_over, leave_centre, leave_practice
from core.errors import BadInputError
from core.languages import _, commas, ngettext
from records.access import Kind
from records.consents.service import give_consent

_OPENED = (Kind.PRESCRIPTION, Kind.NOTE, Kind.REFERRAL, Kind.SICK_NOTE, Kind.ATTACHMENT, Kind.ALLERGIES, Kind.HISTORY)
_TO = re.compile(r"\bto (?P<who>[^|]+)$", re.IGNORECASE)
_KEEP = {word: {"do": "keep"} for word in ("no", "stop")}


@command(
    "hand over",
    "DOCTOR to DOCTOR",
    help="give a doctor's patients to a colleague: visits to come, who waits, open questions; you see first what"
    " that comes to",
    who=runs_or_treats,
    group="Centre",
)
async def hand_over_(session: Session, text: str) -> None:
    """Say what it would come to, and ask."""
    words = Reading(text)
    named = words.take(_TO)
    if named is None:
        raise BadInputError("Write it like: hand over dr.osei to dr.weber")
    giver = await doctor_of(session, words)
    taker = await doctor_of(session, Reading(named["who"]))
    would = await hand_over(session.tx, session.ctx, session.person, giver.id, taker.id, sure=False)
    said = _(
        "Hand {giver}'s patients over to {taker}?", giver=f"**{escape(giver.name)}**", taker=f"**{escape(taker.name)}**"
    )
    yes = {"do": "hand over", "from": str(giver.id), "to": str(taker.id)}
    ask = _("Answer **yes** or **no**.")
    await session.say(f"{said}\n\n{await _comes_to(session, would)}\n\n{ask}", words={"yes": yes, **_KEEP})


@action("hand over")
async def handed_over(session: Session, choice: dict[str, Any]) -> None:
    """Do it; what has changed meanwhile is done as it is now."""
    session.dialogue.drop_last()
    done = await hand_over(session.tx, session.ctx, session.person, UUID(choice["from"]), UUID(choice["to"]), sure=True)
    said = _("Handed over; everybody is told.")
    await session.say(f"{said}\n\n{await _comes_to(session, done)}")


async def _comes_to(session: Session, what: HandOver) -> str:
    parts = []
    if what.moved:
        head = ngettext("{count} visit goes to the colleague:", "{count} visits go to the colleague:", len(what.moved))
        parts.append(f"{head}\n\n{await day_list(session, [*what.moved], dated=True)}")
    if what.cancelled:
        head = ngettext(
            "{count} visit is cancelled, and what was paid goes back, as the colleague does not offer the same then:",
            "{count} visits are cancelled, and what was paid goes back, as the colleague does not offer the same then:",
            len(what.cancelled),
        )
        parts.append(f"{head}\n\n{await day_list(session, [*what.cancelled], dated=True)}")
    lines = []
    if what.waits:
        lines.append(
            ngettext("{count} waits for the colleague then.", "{count} wait for the colleague then.", what.waits)
        )
    if what.questions:
        lines.append(ngettext("{count} open question goes along.", "{count} open questions go along.", what.questions))
    if what.asked:
        lines.append(
            ngettext(
                "{count} patient is asked whether the colleague may read their records.",
                "{count} patients are asked whether the colleague may read their records.",
                what.asked,
            )
        )
    parts += [" ".join(lines)] if lines else []
    return "\n\n".join(parts) or _("There is nothing to hand over.")


@action("open records")
async def open_records(session: Session, choice: dict[str, Any]) -> None:
    """The patient lets the colleague read."""
    to = await reading.practitioner(session.tx, UUID(choice["to"]))
    patient = UUID(choice["patient"])
    if to.person_id is None:
        raise BadInputError("This doctor cannot be reached here any more. Please book a visit.")
    side = await guardians_of(session.tx, patient)
    reader = await session.reader()
    await give_consent(session.tx, reader, patient, given_to=to.person_id, kinds=_OPENED, until=None, side=side)
    session.dialogue.drop_last()
    await session.say(
        _("**{doctor}** may read your records now. “share” shows that, and ends it.", doctor=escape(to.name))
    )


@action("keep closed")
async def keep_closed(session: Session, choice: dict[str, Any]) -> None:
    """The patient does not."""
    session.dialogue.drop_last()
    await session.say(_("Your records stay closed."))


@command(
    "remove admin",
    "@ID from CENTRE",
    help="somebody runs your centre no more; the last one cannot go without a successor",
    who=runs_centres,
    group="Centre",
)
async def remove_admin(session: Session, text: str) -> None:
    """Put somebody out."""
    words = Reading(re.sub(r"\bfrom\b", "at", text, flags=re.IGNORECASE))
    mxid = take_mxid(words)
    if not mxid:
        raise BadInputError("Write it like: remove admin @clara:example.org from Heart Clinic")
    at = await centre_of(session, words)
    who = await person_of(session.tx, session.ctx, mxid)
    await leave_centre(session.tx, session.ctx, session.person, at.id, who.id)
    await session.say(_("{mxid} does not run **{centre}** any more.", mxid=escape(mxid), centre=escape(at.name)))


@command(
    "remove doctor",
    "DOCTOR [from CENTRE]",
    help="a doctor has left your centre; visits to come are handed over or cancelled before",
    who=runs_centres,
    group="Centre",
)
async def remove_doctor(session: Session, text: str) -> None:
    """Of one centre, or of all that the person runs."""
    words = Reading(re.sub(r"\bfrom\b", "at", text, flags=re.IGNORECASE))
    named = re.search(r"\bat\b", words.rest)
    centres = [await centre_of(session, words)] if named else []
    who = await doctor_of(session, words)
    if not centres:
        theirs = await reading.centres_of(session.tx, who.id)
        runs = session.person.administers
        centres = [each for each in theirs if each.id in runs or session.person.platform_admin]
    await _ask(session, who.id, who.name, [each.id for each in centres], commas(each.name for each in centres))


@command(
    "leave",
    "[CENTRE]",
    help="work here no more: a centre that you run, or as a doctor",
    who=runs_or_treats,
    group="You",
)
async def leave(session: Session, text: str) -> None:
    """An admin leaves a centre, a doctor the places where they work."""
    person = session.person
    words = Reading(f"at {text}" if text and not text.lower().startswith("at ") else text)
    if person.practitioner_id:
        theirs = await reading.centres_of(session.tx, person.practitioner_id)
        if text:
            at = await centre_of(session, words)
            theirs = [each for each in theirs if each.id == at.id]
        if theirs:
            name = (await reading.practitioner(session.tx, person.practitioner_id)).name
            ids = [each.id for each in theirs]
            await _ask(session, person.practitioner_id, name, ids, commas(each.name for each in theirs))
            return
    at = await centre_of(session, words)
    yes = {"do": "leave centre", "centre": str(at.id)}
    said = _("Run **{centre}** no more? Answer **yes** or **no**.", centre=escape(at.name))
    await session.say(said, words={"yes": yes, **_KEEP})


@action("leave centre")
async def left_centre(session: Session, choice: dict[str, Any]) -> None:
    """The admin is sure."""
    session.dialogue.drop_last()
    at = await reading.centre(session.tx, UUID(choice["centre"]))
    await leave_centre(session.tx, session.ctx, session.person, at.id, session.person.id)
    await session.say(_("You do not run **{centre}** any more. Thank you.", centre=escape(at.name)))


async def _ask(session: Session, doctor: UUID, name: str, centres: list[UUID], places: str) -> None:
    yes = {"do": "leave practice", "doctor": str(doctor), "centres": [str(each) for each in centres]}
    said = _(
        "**{doctor}** leaves {places}? Nobody can book there any more; prescriptions and records stay as they are."
        " Answer **yes** or **no**.",
        doctor=escape(name),
        places=escape(places),
    )
    await session.say(said, words={"yes": yes, **_KEEP})


@action("leave practice")
async def left_practice(session: Session, choice: dict[str, Any]) -> None:
    """They are sure."""
    session.dialogue.drop_last()
    centres = [UUID(each) for each in choice["centres"]]
    gone = await leave_practice(session.tx, session.ctx, session.person, UUID(choice["doctor"]), centres)
    await session.say(_("**{doctor}** has left. Whom it concerns is told.", doctor=escape(gone.name)))
