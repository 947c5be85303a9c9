"""Notes of visits: written and signed by doctors, shared with patients; and all documents, listed and shown."""

from typing import Any
from uuid import UUID

from appservice.conversation.commands.filing import for_whom
from appservice.conversation.commands.prescribing import begun, begun_today
from appservice.conversation.commands.signing import ask_for_code, unlocked
from appservice.conversation.dialogue import Choice, Question
from appservice.conversation.registry import ACTIONS, Line, action, command, doctor
from appservice.conversation.rendering.documents import full, one_line, papers, quoted
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.telling import tell_of_document
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.whose import take_member
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.people.service import patient_name
from core.errors import BadInputError, RefusedError
from core.languages import N_, _
from records.documents.rules import Document, DocumentKind, DocumentStatus, Note, checked, checked_why
from records.documents.service import (
    amend_document,
    document,
    document_by_code,
    documents_of,
    share_document,
    withdraw_document,
    write_document,
)
from records.prescriptions.rules import Encounter
from records.signing.signature import Signer

_SHOWN = 30
_STOP = {"stop": {"do": "leave document"}, "no": {"do": "leave document"}}


@command(
    "note|visit note|doctor's note",
    "CODE WORDS",
    help="write a note of a visit; the patient sees it once you share it",
    who=doctor,
    group="Doctor",
    heard=True,
)
async def note(session: Session, text: str) -> None:
    """The visit and what is to be noted; asks for what is missing."""
    await begin(session, text, "note for")


@command(
    "summary|tell patient",
    "CODE WORDS",
    help="write a note and share it at once",
    who=doctor,
    group="Doctor",
    heard=True,
)
async def summary(session: Session, text: str) -> None:
    """The same for the patient's eyes."""
    await begin(session, text, "summary for")


async def begin(session: Session, text: str, do: str) -> None:
    """With the visit's code and words, at once; else ask for the visit among those of today that have begun."""
    code, words = split_code(text)
    if code is not None:
        visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
        await ACTIONS[do](session, {"do": do, "visit": str(visit.id), "text": words})
        return
    today = await begun_today(session)
    if not today:
        raise BadInputError(_("No visit of today has begun. Write the visit's code first: note K7QM3F wound dry"))
    names = [escape(await patient_name(session.tx, session.ctx, each.patient_id)) for each in today]
    rows = [f"{name}, {moment(each.start, session.place)}" for name, each in zip(names, today, strict=True)]
    await session.say(
        _("For whom?\n\n{list}", list=numbered(rows)),
        choices=[{"do": do, "visit": str(each.id), "text": text} for each in today],
        words=_STOP,
    )


@action("note for")
@action("summary for")
async def written(session: Session, choice: dict[str, Any]) -> None:
    """The visit is known; show it for signing once the words are there, too."""
    if not choice.get("text"):
        await session.say(_("What is to be noted? “stop” puts it down."), words=_STOP, free=choice)
        return
    encounter = await begun_encounter(session, choice["visit"])
    note = checked(Note(choice["text"]), session.today)
    assert isinstance(note, Note)
    session.dialogue.drop_if(lambda each: each.free is not None and each.free["do"] in {"note for", "summary for"})
    shared = choice["do"] == "summary for"
    head = _("Note for **{name}**, who gets it", name=escape(encounter.patient_name))
    if not shared:
        head = _("Note for **{name}**, not shared", name=escape(encounter.patient_name))
    await ask_to_sign(
        session,
        f"{head}:\n\n{quoted(note.text)}",
        {"do": "sign note", "visit": choice["visit"], "said": note.text, "shared": shared},
    )


async def ask_to_sign(session: Session, shown: str, then: Choice) -> None:
    """Show what is going to be signed and ask for a code."""
    await ask_for_code(session, shown, then, others=_("**stop** puts it down"), words=_STOP)


async def signed(session: Session, choice: dict[str, Any]) -> Signer | None:
    """The doctor's key, if the answer was a code that is taken; what was asked is answered then."""
    signer = await unlocked(session, choice)
    if signer:
        session.dialogue.drop_if(_signing)
    return signer


def _signing(question: Question) -> bool:
    return question.words.get("stop", {}).get("do") == "leave document"


@action("sign note")
async def noted(session: Session, choice: dict[str, Any]) -> None:
    """Sign it into the records; the patient is told of what is shared."""
    signer = await signed(session, choice)
    if signer is None:
        return
    done = await write_document(
        session.tx,
        session.ctx.vault,
        await session.reader(),
        signer,
        await begun_encounter(session, choice["visit"]),
        Note(choice["said"]),
        today=session.today,
        shared=choice["shared"],
    )
    if choice["shared"]:
        await tell_of_document(session, "document", done)
        await session.say(_("Signed and shared: **{code}**. The patient has it now.", code=done.code))
        return
    await _offer(session, done, _("Signed: **{code}**. Doctors who treat the patient see it.", code=done.code))


async def begun_encounter(session: Session, visit_id: str) -> Encounter:
    """The visit as the records know it: one's own, and begun. Raises RefusedError, BadInputError."""
    visit = await appointments.appointment(session.tx, UUID(visit_id))
    if visit.practitioner.id != session.person.practitioner_id:
        raise RefusedError
    if not begun(session, visit):
        raise BadInputError("You can write that once the visit has begun: note first that the patient has arrived.")
    return Encounter(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        patient_name=await patient_name(session.tx, session.ctx, visit.patient_id),
        practitioner_id=visit.practitioner.id,
        practitioner_name=visit.practitioner.name,
        centre_id=visit.centre.id,
        centre_name=visit.centre.name,
        started=True,
    )


@command(
    "documents|my documents|notes|sick notes|letters",
    "[VISIT]",
    help="notes and sick notes; doctors write a visit's code for its patient's",
    group="Health",
    heard=True,
    patients=Line("Health", "[VISIT]", N_("your notes and sick notes, all or those of a visit")),
)
async def documents(session: Session, text: str) -> None:
    """Numbered, newest first: of oneself and one's family, or of the patient of a visit."""
    reader = await session.reader()
    member, text = take_member(session, text)
    code, _rest = split_code(text)
    patients = sorted(reader.own & {member} if member else reader.own)
    if code:
        patients = [(await appointments.by_code(session.tx, session.ctx, session.person, code)).patient_id]
    found = [
        each
        for patient in patients
        for each in await documents_of(session.tx, session.ctx.vault, reader, patient, limit=_SHOWN)
    ]
    found = sorted(found, key=lambda each: each.created_at, reverse=True)[:_SHOWN]
    if not found:
        await session.say(_("There are no notes or sick notes."))
        return
    rows = [one_line(each, session.place) + await for_whom(session, each.patient_id) for each in found]
    hint = _("Answer with a number for all of it.")
    await session.say(
        f"{numbered(rows)}\n\n{hint}", choices=[{"do": "show document", "document": str(each.id)} for each in found]
    )


@command("document", "CODE", help="one of them, with a PDF", group="Health", heard=True)
async def one(session: Session, text: str) -> None:
    """By its code."""
    code, _rest = split_code(text)
    if code is None:
        await documents(session, text)
        return
    await _show(session, await document_by_code(session.tx, session.ctx.vault, await session.reader(), code))


@action("show document")
async def shown(session: Session, choice: dict[str, Any]) -> None:
    """Chosen from the list."""
    reader = await session.reader()
    await _show(session, await document(session.tx, session.ctx.vault, reader, UUID(choice["document"])))


async def _show(session: Session, found: Document) -> None:
    mine = found.practitioner_id == session.person.practitioner_id
    if mine and found.status is not DocumentStatus.ENTERED_IN_ERROR:
        await _offer(session, found, full(found, session.place))
    else:
        await session.say(full(found, session.place))
    own = found.patient_id in (await session.reader()).own
    for file in papers(found, own=own):
        await session.send(file)


async def _offer(session: Session, found: Document, head: str) -> None:
    """What the doctor who wrote it can do with it."""
    can = {"share document": _("Share it with the patient")} if found.shared_at is None else {}
    if found.kind is DocumentKind.NOTE:
        can["amend document"] = _("Write it anew")
    can["withdraw document"] = _("Withdraw it: it was a mistake")
    await session.say(
        f"{head}\n\n{numbered(can.values())}", choices=[{"do": do, "document": str(found.id)} for do in can]
    )


@action("share document")
async def shared(session: Session, choice: dict[str, Any]) -> None:
    """The patient sees it from now on, and is told."""
    done = await share_document(session.tx, session.ctx.vault, await session.reader(), UUID(choice["document"]))
    await tell_of_document(session, "document", done)
    await session.say(_("Shared: **{code}**. The patient has it now.", code=done.code))


@action("amend document")
async def amended(session: Session, choice: dict[str, Any]) -> None:
    """A next version; the patient who sees it is told."""
    if not choice.get("text"):
        ask = _("Write it anew, the whole of it. The version before is kept. “stop” leaves it as it is.")
        await session.say(ask, words=_STOP, free=choice)
        return
    note = checked(Note(choice["text"]), session.today)
    assert isinstance(note, Note)
    session.dialogue.drop_last()
    found = await document(session.tx, session.ctx.vault, await session.reader(), UUID(choice["document"]))
    head = _("Note **{code}** for **{name}**, anew", code=found.code, name=escape(found.patient_name))
    then = {"do": "sign amended", "document": choice["document"], "said": note.text}
    await ask_to_sign(session, f"{head}:\n\n{quoted(note.text)}", then)


@action("sign amended")
async def amended_signed(session: Session, choice: dict[str, Any]) -> None:
    """Signed: that version counts from now on."""
    signer = await signed(session, choice)
    if signer is None:
        return
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    which, note = UUID(choice["document"]), Note(choice["said"])
    done = await amend_document(tx, vault, reader, signer, which, note, today=session.today)
    await _changed(session, done, _("Changed: **{code}**, version {version}.", code=done.code, version=done.version))


@action("withdraw document")
async def withdrawn(session: Session, choice: dict[str, Any]) -> None:
    """It says from now on that it was a mistake, and why."""
    if not choice.get("text"):
        await session.say(_("Why? “stop” leaves it as it is."), words=_STOP, free=choice)
        return
    why = checked_why(choice["text"])
    session.dialogue.drop_last()
    found = await document(session.tx, session.ctx.vault, await session.reader(), UUID(choice["document"]))
    shown = _(
        "Withdraw **{code}** of **{name}** as a mistake: {why}",
        code=found.code,
        name=escape(found.patient_name),
        why=escape(why),
    )
    await ask_to_sign(session, shown, {"do": "sign withdrawn", "document": choice["document"], "said": why})


@action("sign withdrawn")
async def withdrawn_signed(session: Session, choice: dict[str, Any]) -> None:
    """Signed: it says so from now on."""
    signer = await signed(session, choice)
    if signer is None:
        return
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    done = await withdraw_document(tx, vault, reader, signer, UUID(choice["document"]), choice["said"])
    await _changed(session, done, _("Withdrawn: **{code}**.", code=done.code))


async def _changed(session: Session, done: Document, said: str) -> None:
    if done.shared_at is not None:
        await tell_of_document(session, "document", done)
        said += " " + _("The patient is told.")
    await session.say(said)


@action("leave document")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """Nothing is written."""
    session.dialogue.drop_if(_signing)
    await session.say(_("Put down. Nothing was written."))
