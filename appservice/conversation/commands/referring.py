"""Sending a patient on to another doctor, and what the patient books with it."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.commands.finding import wish
from appservice.conversation.commands.prescribing import begun_today
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering import referrals as shown
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code, take_slug
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.terms import REFERRING
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.wishes import read_wish
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.directory import reading
from booking.directory.model import Practitioner
from booking.people.service import patient_name
from booking.referrals import service as referrals
from booking.referrals.model import Priority, Referral
from core.errors import BadInputError
from core.languages import N_, _

_URGENT = re.compile(r"\b(?:urgent(?:ly)?|dringend)\b", re.IGNORECASE)
_EXAMPLE = N_("refer K7Q2MX to dermatology, urgent: please look at the mole")


@command(
    "refer|send on",
    "CODE to SPECIALTY or DOCTOR, in person, urgent: NOTE",
    help="send a patient on; they get a list to book from",
    who=doctor,
    group="Doctor",
    verified=True,
    heard=True,
)
async def refer(session: Session, text: str) -> None:
    """The visit, to whom, and behind a colon a note for both sides."""
    code, rest = split_code(text)
    if code is None:
        await _ask_for_whom(session, text)
        return
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    await _refer(session, visit.id, rest)


async def _ask_for_whom(session: Session, text: str) -> None:
    begun = await begun_today(session)
    if not begun:
        raise BadInputError("Write the visit, to whom, and a note behind a colon: {example}", example=_(_EXAMPLE))
    rows = [
        f"{escape(await patient_name(session.tx, session.ctx, each.patient_id))}, {moment(each.start, session.place)}"
        for each in begun
    ]
    await session.say(
        _("Whom?\n\n{numbered}", numbered=numbered(rows)),
        choices=[{"do": "refer", "visit": str(each.id), "line": text} for each in begun],
    )


@action("refer")
async def refer_(session: Session, choice: dict[str, Any]) -> None:
    """The visit was chosen."""
    await _refer(session, UUID(choice["visit"]), choice["line"])


async def _refer(session: Session, visit_id: UUID, line: str) -> None:
    said, __, note = line.partition(":")
    said = in_english(said, session.person.language, REFERRING)
    words = Reading(re.sub(r"^to (?:a |an |the )?", "", said.strip(), flags=re.IGNORECASE))
    urgent = words.take(_URGENT)
    slug = take_slug(words)
    wanted = read_wish(words.rest.replace(Reading.GAP, " "), session.speaker)
    performer = await _doctor(session, slug or wanted.name)
    if not performer and not wanted.specialty and not wanted.mode:
        raise BadInputError("I don't know to whom that is. Write it like: {example}", example=_(_EXAMPLE))
    made = await referrals.refer(
        session.tx,
        session.ctx,
        session.person,
        visit_id,
        specialty=wanted.specialty,
        performer_id=performer.id if performer else None,
        mode=wanted.mode,
        priority=Priority.URGENT if urgent else Priority.ROUTINE,
        note=note,
    )
    await session.say(
        _(
            "Referred to {target}. The patient gets a list to book from, until {until}. “referred”"
            " shows what you wrote, and takes it back.",
            target=shown.target(made, performer.name if performer else None),
            until=shown.until(made, session.place),
        )
    )


async def _doctor(session: Session, name: str | None) -> Practitioner | None:
    if not name:
        return None
    found = await reading.practitioners_named(session.tx, name)
    if not found:
        raise BadInputError("I know no doctor of that name. Write the short name, like dr.osei, or a specialty.")
    return found[0]


@command(
    "referred|my referrals", help="what you referred and nobody has booked yet", who=doctor, group="Doctor", heard=True
)
async def referred(session: Session, text: str) -> None:
    """Numbered, to be taken back."""
    found = await referrals.written(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("None of your referrals is open."))
        return
    rows = [
        _(
            "**{patient_name}** to {target}, until {until}",
            patient_name=escape(await patient_name(session.tx, session.ctx, each.patient_id)),
            target=shown.target(each, await _performer(session, each)),
            until=shown.until(each, session.place),
        )
        for each in found
    ]
    await session.say(
        _("{numbered}\n\nAnswer with a number to take one back.", numbered=numbered(rows)),
        choices=[{"do": "revoke referral", "referral": str(each.id)} for each in found],
    )


@action("revoke referral")
async def revoke(session: Session, choice: dict[str, Any]) -> None:
    """The patient is told."""
    await referrals.revoke(session.tx, session.ctx, session.person, UUID(choice["referral"]))
    await session.say(_("Taken back; the patient is told."))


@command("referrals|referral", help="what your doctors referred you to, and booking it", group="Visits", heard=True)
async def referrals_(session: Session, text: str) -> None:
    """Numbered, to be booked."""
    found = await referrals.open_referrals(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("You have no open referrals."))
        return
    rows = [
        _(
            "{target}, from {name}, until {until}{note}",
            target=shown.target(each, await _performer(session, each)),
            name=escape((await reading.practitioner(session.tx, each.requester_id)).name),
            until=shown.until(each, session.place),
            note=shown.note(await referrals.note_of(session.tx, session.ctx, session.person, each)),
        )
        for each in found
    ]
    await session.say(
        _("{numbered}\n\nAnswer with a number to see who is free.", numbered=numbered(rows)),
        choices=[{"do": "referral", "referral": str(each.id)} for each in found],
    )


@action("referral")
async def referral(session: Session, choice: dict[str, Any]) -> None:
    """Who is free for it."""
    found = await referrals.by_id(session.tx, session.ctx, session.person, UUID(choice["referral"]))
    visit = await appointments.appointment(session.tx, found.appointment_id)
    sentence = shown.wish(found, await _performer(session, found), visit.centre)
    await wish(session, [sentence], referral={"referral": str(found.id), "patient": str(found.patient_id)})


async def _performer(session: Session, found: Referral) -> str | None:
    return (await reading.practitioner(session.tx, found.performer_id)).name if found.performer_id else None
