"""A file that comes is kept, and asked about in one message: what it is, and to which visit it belongs."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from appservice.conversation.dialogue import Choice
from appservice.conversation.registry import action, doctor, find
from appservice.conversation.rendering.files import several
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.answers import Pick, chosen
from appservice.matrix.markdown import escape
from appservice.outgoing import fetch
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_practitioner, tell_side
from booking.people.service import patient_name
from core.errors import BadInputError
from core.ids import id_of
from core.languages import _
from records.files.rules import StoredFile, too_large
from records.files.service import Arrival, Filing, Limits, delete_file, file_away, keep_file, not_filed

_TOGETHER = timedelta(minutes=15)
"""Files that come within this time are asked about together."""
_VISITS = 5
_NUMBER_FIRST = re.compile(r"^#?(?P<number>\d{1,2})\s*[,.:;)\-]?\s+(?P<words>\S.*)$", re.DOTALL)
_LEAVE: Choice = {"do": "files stay"}


async def announced(session: Session) -> None:
    """A file was sent: have it fetched; what is clearly too large is not even fetched."""
    attached = session.incoming.attached
    limits = Limits.from_settings(session.ctx.settings.records)
    if attached is None:
        raise BadInputError(_("There was no file in that message."))
    if attached.size is not None and attached.size > limits.file:
        raise too_large(limits.file)
    await fetch(session.tx, session.ctx.vault, subject=session.person.id, incoming=session.incoming)


async def came(session: Session, content: AsyncIterator[bytes]) -> None:
    """The file itself: keep it, then ask what it is and to which visit it belongs."""
    attached = session.incoming.attached
    assert attached is not None
    arrival = Arrival(
        id_of(f"file:{session.incoming.event_id}"), session.person.patient.id, attached.name, attached.caption[:500]
    )
    limits = Limits.from_settings(session.ctx.settings.records)
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    await keep_file(tx, vault, reader, arrival, content, limits)
    await _ask(session, await not_filed(tx, vault, reader, session.person.patient.id, tx.now - _TOGETHER))


async def _ask(session: Session, files: list[StoredFile]) -> None:
    """Where it belongs, the likeliest first; a number is enough, and words behind it say what it is."""
    rows, choices = await _places(session, [str(each.id) for each in files])
    _answered(session)  # one question for all that came together
    spoken = any(each.mimetype.startswith("audio/") for each in files)
    deaf = _("I can't listen to recordings: if you wanted to tell me something, please write it.") + "\n\n"
    await session.say(
        (deaf if spoken else "")
        + _(
            "I have {files}, sealed; until you answer, only you can see it. Where does it belong?\n\n{places}\n\n"
            "Answer with a number, and what it is if you like: **1 blood test**. “no”: I delete it again.",
            files=several(files),
            places=numbered(rows),
        ),
        choices=choices,
        words={"no": {"do": "drop files", "files": choices[0]["files"]}, "stop": _LEAVE, "later": _LEAVE},
        free={"do": "file said", "choices": choices},
    )


async def _places(session: Session, files: list[str]) -> tuple[list[str], list[Choice]]:
    """A doctor's visits, one's own and one's family's, and to keep it without one."""
    rows: list[str] = []
    choices: list[Choice] = []

    def add(row: str, **choice: str) -> None:
        rows.append(row)
        choices.append({"do": "file away", "files": files, **choice})

    person = session.person
    if doctor(person):
        for visit in await appointments.nearest(session.tx, session.ctx, person, as_doctor=True, limit=_VISITS):
            name = escape(await patient_name(session.tx, session.ctx, visit.patient_id))
            row = _("**{name}**, {when}, visit {code}", name=name, when=_when(session, visit), code=visit.code)
            add(row, visit=str(visit.id))
    for visit in await appointments.nearest(session.tx, session.ctx, person, as_doctor=False, limit=_VISITS):
        if str(visit.id) in {choice.get("visit") for choice in choices}:
            continue
        row = _("{when} with {doctor}", when=_when(session, visit), doctor=escape(visit.practitioner.name))
        add(row + await for_whom(session, visit.patient_id), visit=str(visit.id))
    add(_("To no visit: keep it with my records"), patient=str(person.patient.id))
    for member in person.family:
        if member.name:
            add(_("Keep it with the records of {name}", name=escape(member.name)), patient=str(member.id))
    return rows, choices


@action("file said")
async def said(session: Session, choice: dict[str, Any]) -> None:
    """A number with words, or words alone, which mean the first place; a command is a command all the same."""
    text, choices = choice["text"], choice["choices"]
    if match := _NUMBER_FIRST.match(text):
        picked = chosen(Pick(int(match["number"])), len(choices))
        await filed(session, {**choices[picked], "note": match["words"]})
    elif found := find(text, session.person):
        session.dialogue.drop_free()
        command_, rest = found
        await command_.run(session, rest)
    else:
        await filed(session, {**choices[0], "note": text})


@action("file away")
async def filed(session: Session, choice: dict[str, Any]) -> None:
    """It belongs there: say who sees it from now on, and tell the other side of the visit."""
    tx, ctx, reader = session.tx, session.ctx, await session.reader()
    if "visit" in choice:
        visit = await appointments.by_id(tx, ctx, session.person, UUID(choice["visit"]))
        filing = Filing(visit.patient_id, visit.id, visit.practitioner.id, visit.start, choice.get("note", ""))
        for each in choice["files"]:
            await file_away(tx, ctx.vault, reader, UUID(each), filing)
            tell = tell_side if visit.practitioner.id == session.person.practitioner_id else tell_practitioner
            await tell(tx, visit, Notice.FILE_ADDED, about=UUID(each))
        where = _("Filed with visit **{code}**, {when}.", code=visit.code, when=_when(session, visit))
    else:
        filing = Filing(UUID(choice["patient"]), note=choice.get("note", ""))
        for each in choice["files"]:
            await file_away(tx, ctx.vault, reader, UUID(each), filing)
        where = _("Kept.")
    _answered(session)
    name = escape(await patient_name(tx, ctx, filing.patient_id))
    if filing.patient_id == session.person.patient.id:
        seen = _("You and the doctors who treat you can see it.")
    elif filing.patient_id in reader.own:
        seen = _("You and the doctors who treat {name} can see it.", name=name)
    else:
        seen = _("{name} can see it, and the doctors who treat them. They are told.", name=name)
    await session.say(f"{where} {seen} " + _("“files” lists it, “delete file 1” takes it back."))


@action("drop files")
async def dropped(session: Session, choice: dict[str, Any]) -> None:
    """It was a mistake."""
    for each in choice["files"]:
        await delete_file(session.tx, session.ctx.vault, await session.reader(), UUID(each))
    _answered(session)
    await session.say(_("Deleted."))


@action("files stay")
async def stay(session: Session, choice: dict[str, Any]) -> None:
    """Not now."""
    _answered(session)
    await session.say(_("Then it stays with you alone for now. “files” lists it."))


def _answered(session: Session) -> None:
    session.dialogue.drop_if(lambda each: each.free is not None and each.free["do"] == "file said")


def _when(session: Session, visit: Appointment) -> str:
    return moment(visit.start, session.place)


async def for_whom(session: Session, patient: UUID) -> str:
    """Whose it is, unless it is the person's own."""
    if patient == session.person.patient.id:
        return ""
    return _(" (for {name})", name=escape(await patient_name(session.tx, session.ctx, patient)))
