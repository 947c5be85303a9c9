"""Prescribing: a short guided dialogue, or one line; what is to be signed is shown before it is signed."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from appservice.conversation.checking import checks_of
from appservice.conversation.commands.signing import ask_for_code, unlocked
from appservice.conversation.dialogue import Choice, Question
from appservice.conversation.registry import action, command, doctor
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.prescriptions import lines
from appservice.conversation.rendering.prescriptions import medicine as medicine_of
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.telling import tell_patient
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.medication import Line, read_medicine, read_prescription, read_repeats
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.appointments.rules import Status
from booking.people.service import patient_name
from core.errors import BadInputError, RefusedError
from core.languages import _, commas
from records.prescriptions.dosage import coded
from records.prescriptions.favourites import habits_of, remember
from records.prescriptions.medications import suggest
from records.prescriptions.rules import Draft, Encounter, checked
from records.prescriptions.service import prescribe

_AT_HAND = 9
_STOP = {"stop": {"do": "put down"}, "no": {"do": "put down"}}


@command(
    "prescribe|rx",
    "[CODE] [MEDICINE, DOSAGE, QUANTITY]",
    help="write a prescription",
    who=doctor,
    group="Doctor",
    verified=True,
    heard=True,
)
async def prescribe_(session: Session, text: str) -> None:
    """Begin: with the visit, or with the list of those that can be meant; with a whole line, end at once."""
    code, rest = split_code(text)
    if code is None:
        await _ask_for_whom(session, text)
        return
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    await _begin(session, visit, rest)


async def _ask_for_whom(session: Session, text: str) -> None:
    begun = await begun_today(session)
    if not begun:
        raise BadInputError("No visit of today has begun. Note first that the patient has arrived: arrived CODE")
    rows = [
        f"{escape(await patient_name(session.tx, session.ctx, each.patient_id))}, {moment(each.start, session.place)}"
        for each in begun
    ]
    await session.say(
        _("For whom?\n\n{numbered}", numbered=numbered(rows)),
        choices=[{"do": "prescribe for", "visit": str(each.id), "line": text} for each in begun],
        words=_STOP,
    )


async def begun_today(session: Session) -> list[Appointment]:
    """A doctor's visits of today that are under way or over."""
    today = await appointments.practitioner_day(session.tx, session.ctx, session.person, session.today)
    return [each for each in today if begun(session, each)]


def begun(session: Session, visit: Appointment) -> bool:
    """Whether a visit is under way or over, so that something can be prescribed in it."""
    if visit.status in {Status.ARRIVED, Status.FULFILLED}:
        return True
    return visit.status is Status.BOOKED and visit.start <= session.tx.now


@action("prescribe for")
async def prescribe_for(session: Session, choice: dict[str, Any]) -> None:
    """The visit was chosen."""
    visit = await appointments.appointment(session.tx, UUID(choice["visit"]))
    await _begin(session, visit, choice["line"])


async def _begin(session: Session, visit: Appointment, line: str) -> None:
    if visit.practitioner.id != session.person.practitioner_id:
        raise RefusedError
    if not begun(session, visit):
        raise BadInputError("You can prescribe once the visit has begun: note first that the patient has arrived.")
    draft: dict[str, Any] = {"visit": str(visit.id)}
    if line:
        read = read_prescription(line, session.person.language)
        draft |= {name: value for name, value in _fields(read).items() if value not in ("", None)}
        if read.dosage and read.quantity:  # a whole line: what it does not say, it does not mean
            draft = {"strength": "", "form": "", "repeats": 0} | draft
    await _ask_next(session, draft)


def _fields(line: Line) -> dict[str, Any]:
    return asdict(line)


async def _ask_next(session: Session, draft: dict[str, Any]) -> None:
    """Ask for what is still missing, in the order in which doctors write; when nothing is, show it all."""
    known = suggest(draft.get("medication", ""), limit=1) if draft.get("medication") else []
    usual = known[0] if known and known[0].name.casefold() == draft["medication"].casefold() else None
    if "medication" not in draft:
        await _ask_medicine(session, draft)
    elif "strength" not in draft:
        await _ask(session, draft, "strength", _("Which strength?"), list(usual.strengths) if usual else [])
    elif "form" not in draft:
        await _ask(session, draft, "form", _("In which form?"), list(usual.forms) if usual else [])
    elif "dosage" not in draft:
        example = _("How should the patient take it? For example: 1 capsule three times daily for 7 days")
        await _ask(session, draft, "dosage", example, list(usual.dosages) if usual else [])
    elif "quantity" not in draft:
        await _ask(session, draft, "quantity", _("How much should the pharmacy give out? For example: 21 capsules"), [])
    elif "repeats" not in draft:
        await _ask(session, draft, "repeats", _("How many repeats? 0 for none."), [])
    else:
        await _preview(session, draft)


async def _ask_medicine(session: Session, draft: dict[str, Any]) -> None:
    """With what this doctor prescribes often: a number is a whole prescription."""
    habits = await habits_of(session.tx, session.ctx.vault, await session.reader())
    often = [*habits.favourites, *habits.recent][:_AT_HAND]
    if not often:
        await _ask(session, draft, "medication", _("Which medicine? For example: amoxicillin 500 mg capsules"), [])
        return
    listed = numbered(commas((medicine_of(each), escape(each.dosage), escape(each.quantity))) for each in often)
    await session.say(
        _(
            "Which medicine?\n\n{listed}\n\nAnswer with a number to take it as it is, or write another"
            " medicine; “stop” puts it down.",
            listed=listed,
        ),
        choices=[{"do": "medicine", "draft": {**asdict(each), **draft}} for each in often],
        words=_STOP,
        free={"do": "prescription", "draft": draft, "name": "medication"},
    )


async def _ask(session: Session, draft: dict[str, Any], name: str, question: str, usual: list[str]) -> None:
    answer = {"do": "prescription", "draft": draft, "name": name}
    listed = f"\n\n{numbered(escape(each) for each in usual[:9])}" if usual else ""
    hint = _("\n\nAnswer with a number or in your own words; “stop” puts it down.") if usual else ""
    await session.say(
        question + listed + hint,
        choices=[answer | {"text": each} for each in usual[:9]],
        words=_STOP | {"back": {"do": "prescription", "draft": _without_last(draft), "name": ""}},
        free=answer,
    )


_ORDER = ("medication", "strength", "form", "dosage", "quantity", "repeats")


def _without_last(draft: dict[str, Any]) -> dict[str, Any]:
    given = [name for name in _ORDER if name in draft]
    return {name: value for name, value in draft.items() if not given or name != given[-1]}


@action("prescription")
async def answered(session: Session, choice: dict[str, Any]) -> None:
    """One of the questions was answered."""
    draft, name, text = dict(choice["draft"]), choice["name"], choice.get("text", "").strip()
    if name == "medication":
        line = read_medicine(text, session.person.language)
        found = suggest(line.medication, limit=3)
        draft |= {key: value for key, value in _fields(line).items() if value not in ("", None)}
        names = [each.name for each in found]
        if found and line.medication.casefold() not in {each.casefold() for each in names}:
            listed = [*names, _("{medication} (as I wrote it)", medication=line.medication)]
            await session.say(
                _("Which of these?\n\n{numbered}", numbered=numbered(escape(each) for each in listed)),
                choices=[
                    {"do": "medicine", "draft": draft | {"medication": each}} for each in [*names, line.medication]
                ],
                words=_STOP,
            )
            return
    elif name == "repeats":
        draft[name] = read_repeats(text, session.person.language)
    elif name:
        if not text:
            raise BadInputError("Please write it in a few words.")
        draft[name] = text
    await _ask_next(session, draft)


@action("medicine")
async def medicine(session: Session, choice: dict[str, Any]) -> None:
    """The medicine was chosen from those that look alike."""
    await _ask_next(session, dict(choice["draft"]))


async def _preview(session: Session, draft: dict[str, Any]) -> None:
    visit = await appointments.appointment(session.tx, UUID(draft["visit"]))
    patient = await patient_name(session.tx, session.ctx, visit.patient_id)
    written = checked(_draft(draft))
    back: dict[str, Choice] = {"back": {"do": "prescription", "draft": _without_last(draft), "name": ""}}
    checks = await checks_of(session, written, visit.patient_id)
    await ask_for_code(
        session,
        _(
            "Prescription for **{patient}**:\n\n{lines}\n\n{checks}",
            patient=escape(patient),
            lines=lines(written, coded(written.dosage)),
            checks=checks,
        ),
        {"do": "sign", "draft": draft},
        others=_("**back** to change the last answer, **stop** to put it down"),
        words={**back, **_STOP},
    )


def _draft(draft: dict[str, Any]) -> Draft:
    return Draft(
        medication=draft["medication"],
        strength=draft["strength"],
        form=draft["form"],
        dosage=draft["dosage"],
        quantity=draft["quantity"],
        repeats=draft["repeats"],
        **{name: draft[name] for name in ("note", "substitution", "valid_days") if name in draft},
    )


@action("sign")
async def sign(session: Session, choice: dict[str, Any]) -> None:
    """Sign it into the records with a code, and have the patient told."""
    draft = choice["draft"]
    signer = await unlocked(session, choice)
    if signer is None:
        return
    visit = await appointments.appointment(session.tx, UUID(draft["visit"]))
    encounter = Encounter(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        patient_name=await patient_name(session.tx, session.ctx, visit.patient_id),
        practitioner_id=visit.practitioner.id,
        practitioner_name=visit.practitioner.name,
        centre_id=visit.centre.id,
        centre_name=visit.centre.name,
        started=begun(session, visit),
    )
    reader = await session.reader()
    written = await prescribe(session.tx, session.ctx.vault, reader, signer, encounter, _draft(draft))
    await remember(session.tx, session.ctx.vault, reader, written.draft)
    await tell_patient(session, "prescribed", written)
    session.dialogue.drop_if(_prescribing)  # the next code must not sign a second one
    await session.say(_("Signed: prescription **{code}**. The patient has it now.", code=written.code))


def _prescribing(question: Question) -> bool:
    return question.words.get("stop", {}).get("do") == "put down"


@action("put down")
async def put_down(session: Session, choice: dict[str, Any]) -> None:
    """Nothing is prescribed."""
    session.dialogue.drop_if(_prescribing)
    await session.say(_("Put down. Nothing was prescribed."))
