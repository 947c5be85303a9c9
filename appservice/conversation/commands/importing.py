"""Calendars read in: naming one, answering what it stands for, those that are followed."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from appservice.conversation.commands.changing import drawn_schedule
from appservice.conversation.commands.previewing import new_draft, read_later, step
from appservice.conversation.commands.team import centre_of, doctor_of, own_centre
from appservice.conversation.registry import action, command, runs_or_treats
from appservice.conversation.rendering.calendars_in import source_line, under_way
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from appservice.outgoing import fetch
from booking.directory.model import Resource
from booking.directory.resources import resources_named
from booking.imports import service as imports
from booking.imports.content import MOST_BYTES, too_large
from booking.imports.fetching import checked_address
from booking.imports.model import Source, SourceKind
from booking.imports.service import Draft, Purpose
from booking.imports.store import address_of
from core.errors import BadInputError
from core.languages import _, commas
from records.sealing import ErasedError, SealBrokenError

_ADDRESS = re.compile(r"<?\b(?:https?|webcals?)://[^\s<>]+>?", re.IGNORECASE)
_PURPOSES = {
    Purpose.HOURS: re.compile(r"\b(?:opening |office )?hours\b", re.IGNORECASE),
    Purpose.DAYS: re.compile(
        r"\b(?:(?:public )?holidays?|closed(?: days)?|days? off|time off|vacations?|leave)\b", re.IGNORECASE
    ),
    Purpose.BUSY: re.compile(r"\b(?:busy(?: times?)?|appointments|blocked)\b", re.IGNORECASE),
}
_ROOM = re.compile(r"\b(?:the )?(?:room|device|resource) (?P<name>[^|;,]+)", re.IGNORECASE)
_AT = re.compile(r"\b(?:at|of) (?!https?:)[^\W\d]", re.IGNORECASE)
_FILES = (".ics", ".ical", ".icalendar", ".ifb")
_NUMBER = re.compile(r"^\D{0,12}(?P<n>\d{1,2})\D{0,3}$")
_HOW = (
    "Send me the calendar here as an .ics file, or write its address: import calendar https://… for dr.osei. With"
    " “hours” or “holidays” in place of “calendar” I read opening hours or closed days in it. Rooms and devices have"
    " calendars, too: import calendar https://… for room NAME."
)


def purpose_in(words: Reading) -> Purpose | None:
    """What a calendar is said to stand for."""
    return next((purpose for purpose, pattern in _PURPOSES.items() if words.take(pattern)), None)


def is_calendar(session: Session) -> bool:
    """Whether a file that was sent is a calendar, of somebody who may read one in."""
    attached = session.incoming.attached
    return attached is not None and attached.name.lower().endswith(_FILES) and runs_or_treats(session.person)


async def announced(session: Session) -> None:
    """A calendar was sent as a file: have it fetched."""
    assert session.incoming.attached
    if (session.incoming.attached.size or 0) > MOST_BYTES:
        raise too_large()
    await session.say(under_way(0, 0))
    await fetch(session.tx, session.ctx.vault, subject=session.person.id, incoming=session.incoming)


def key_of(event_id: str) -> str:
    """The key of the message that `announced` says."""
    return f"answer:{event_id}:0"


async def draft_of_file(session: Session) -> Draft:
    """What is known of a calendar that was sent, from the words that went with it: "busy dr.osei"."""
    assert session.incoming.attached
    words = Reading(session.incoming.attached.caption)
    purpose = purpose_in(words)
    words.rest = re.sub(r"\b(?:calendar|for|of)\b", " ", words.rest)
    if room := await _room(session, words, purpose):
        return new_draft(session.person, {"kind": SourceKind.FILE.value}, purpose=purpose, resource_id=room.id)
    doctor = (await doctor_of(session, words)).id if re.search(r"\b(?:dr|prof)\b", words.rest, re.IGNORECASE) else None
    return new_draft(session.person, {"kind": SourceKind.FILE.value}, purpose=purpose, practitioner_id=doctor)


@command(
    "import|follow calendar",
    "calendar ADDRESS for DOCTOR",
    help="read busy times from another calendar, again and again; a room's: import calendar ADDRESS for room NAME;"
    " opening hours: import hours ADDRESS for dr.osei; closed days: import holidays ADDRESS. Or send the .ics file",
    who=runs_or_treats,
    group="Centre",
)
async def import_(session: Session, text: str) -> None:
    """Have a calendar fetched and looked at. It is shown before anything changes."""
    words = Reading(text)
    found = words.take(_ADDRESS)
    if not found:
        raise BadInputError(_HOW)
    address = checked_address(found[0])
    purpose = purpose_in(words) or Purpose.BUSY
    words.rest = re.sub(r"\b(?:calendar|for)\b", " ", words.rest)
    known: dict[str, UUID] = {}
    if room := await _room(session, words, purpose):
        known["resource_id"] = room.id
    elif purpose is Purpose.DAYS and not _names_doctor(session, words):
        known["centre_id"] = (await centre_of(session, words)).id
    else:
        doctors = await imports.doctors_for(session.tx, session.ctx, session.person)
        if words.words() or session.person.practitioner_id or len(doctors) != 1:
            if _AT.search(words.rest):
                known["centre_id"] = (await centre_of(session, words)).id
            if words.words() or session.person.practitioner_id:
                known["practitioner_id"] = (await doctor_of(session, words)).id
        else:
            known["practitioner_id"] = doctors[0].id
    if purpose is Purpose.BUSY:
        known.pop("centre_id", None)
    origin = {"kind": SourceKind.FEED.value, "address": address}
    draft = new_draft(session.person, origin, purpose=purpose, **known)
    await imports.keep_draft(session.tx, session.ctx, session.person, draft)
    key = await session.say(under_way(0, 0))
    await read_later(session.tx, session.person, draft, session.room_id, key)


async def _room(session: Session, words: Reading, purpose: Purpose | None) -> Resource | None:
    """The room or device that is named: "room Echo 1 at CENTRE". Raises BadInputError for what it cannot be."""
    found = words.take(_ROOM)
    if not found:
        return None
    if purpose not in (None, Purpose.BUSY):
        raise BadInputError("Rooms and devices have busy times alone: import calendar https://… for room Echo 1")
    named = Reading(found["name"])
    at_centre = await own_centre(session, named)
    name = take_quoted(named) or " ".join(named.rest.replace("|", " ").split())
    [room] = await resources_named(session.tx, at_centre.id, [name])
    return room


def _names_doctor(session: Session, words: Reading) -> bool:
    """Whether days off are somebody's own: a doctor is named, or the one who writes runs no centre."""
    return bool(re.search(r"\b(?:dr|prof)\b", words.rest, re.IGNORECASE)) or not session.person.administers


@command(
    "follow caldav|caldav|connect calendar",
    "[for DOCTOR | for room NAME]",
    help="follow your own calendar on its server (Nextcloud, iCloud, Fastmail ...), both ways: what is busy there is"
    " not offered, and your visits are written into it",
    who=runs_or_treats,
    group="Centre",
)
async def follow_caldav(session: Session, text: str) -> None:
    """The address of a page that asks for the server, so that no password is written here."""
    words = Reading(re.sub(r"^for\b", " ", text.strip()))
    if room := await _room(session, words, Purpose.BUSY):
        name, subject = room.name, {"resource_id": room.id}
    else:
        doctor = await doctor_of(session, words)
        name, subject = doctor.name, {"practitioner_id": doctor.id}
    address = await imports.new_link(session.tx, session.ctx, session.person, session.room_id, **subject)
    await session.say(
        _(
            "Say on this page where the calendar of {doctor} is, and with which user name and password: {address}\n\nIt"
            " opens once, within {minutes} minutes. Don't write the password here.",
            doctor=escape(name),
            address=address,
            minutes=session.ctx.settings.imports.link_minutes,
        )
    )


@action("import at")
async def import_at(session: Session, choice: dict[str, Any]) -> None:
    """It is this calendar of the account: read it."""
    draft = await imports.draft_of(session.tx, session.ctx, session.person, UUID(choice["draft"]))
    chosen = replace(draft, origin={**draft.origin, "address": choice["address"], "chosen": "yes"})
    await imports.keep_draft(session.tx, session.ctx, session.person, chosen)
    key = await session.say(under_way(0, 0))
    await read_later(session.tx, session.person, chosen, session.room_id, key)


@action("import is")
async def import_is(session: Session, choice: dict[str, Any]) -> None:
    """One thing more is known of a calendar."""
    draft = await imports.draft_of(session.tx, session.ctx, session.person, UUID(choice["draft"]))
    known = replace(
        draft,
        purpose=Purpose(choice["purpose"]) if "purpose" in choice else draft.purpose,
        practitioner_id=UUID(choice["practitioner_id"]) if "practitioner_id" in choice else draft.practitioner_id,
        centre_id=UUID(choice["centre_id"]) if "centre_id" in choice else draft.centre_id,
        resource_id=UUID(choice["resource_id"]) if "resource_id" in choice else draft.resource_id,
    )
    asked = await step(session.tx, session.ctx, session.person, known)
    await session.say(asked.text, choices=asked.choices, words=asked.words)


@action("import apply")
async def import_apply(session: Session, choice: dict[str, Any]) -> None:
    """Take it in, and say what holds now."""
    tx, ctx, person = session.tx, session.ctx, session.person
    draft = await imports.draft_of(tx, ctx, person, UUID(choice["draft"]))
    replacing = UUID(choice["replacing"]) if choice.get("replacing") else None
    left = await imports.apply(tx, ctx, person, draft, replacing=replacing)
    session.dialogue.drop_last()
    if draft.purpose is Purpose.HOURS:
        assert draft.practitioner_id
        assert draft.centre_id
        said = _("Done.") + "\n\n" + await drawn_schedule(session, draft.practitioner_id, draft.centre_id)
    elif draft.purpose is Purpose.BUSY and draft.origin["kind"] != SourceKind.FILE:
        said = _(
            "Followed. Nobody can book over what it says; should it stop working, I tell you. “calendars followed”"
            " shows how it stands."
        )
    elif draft.purpose is Purpose.DAYS and draft.centre_id:
        said = _("Taken in. Nobody can book over that. “closed days” lists them, and opens again.")
    else:
        said = _("Taken in. Nobody can book over that.")
    if left:
        codes = commas(each.code for each in left[:20] if each.visible)
        said += "\n\n" + _(
            "Still booked, to be moved or cancelled (“move CODE” or “cancel CODE”): {codes}", codes=codes
        )
    await session.say(said)


@action("import drop")
async def import_drop(session: Session, choice: dict[str, Any]) -> None:
    """Leave it."""
    await imports.drop_draft(session.tx, session.ctx, session.person, UUID(choice["draft"]))
    session.dialogue.drop_last()
    await session.say(_("Good. Nothing has changed."))


@command(
    "calendars followed|followed calendars|followed|imported calendars|imports",
    help="the calendars that block times, and when each was read",
    who=runs_or_treats,
    group="Centre",
)
async def calendars_followed(session: Session, text: str) -> None:
    """List them; a number leads on."""
    found = await imports.followed(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("No calendar is followed.") + " " + _HOW)
        return
    lines = [await _line(session, source, name) for source, name in found]
    await session.say(
        _(
            "Calendars that block times:\n\n{list}\n\nAnswer with a number for what can be done with it.",
            list=numbered(lines),
        ),
        choices=[{"do": "import source", "source": str(source.id)} for source, _name in found],
    )


async def _line(session: Session, source: Source, name: str) -> str:
    host = ""
    if source.kind is not SourceKind.FILE:
        try:
            host = urlsplit((await address_of(session.tx, session.ctx, source))["address"]).hostname or ""
        except (ErasedError, SealBrokenError):
            host = "?"
    return source_line(source, name, host, session.tx.now, session.place)


@action("import source")
async def import_source(session: Session, choice: dict[str, Any]) -> None:
    """What can be done with one."""
    source, name = await _chosen(session, UUID(choice["source"]))
    again = {"do": "import refresh", "source": str(source.id)}
    stop = {"do": "import stop", "source": str(source.id)}
    options = [(_("Stop following it"), stop)]
    if source.kind is not SourceKind.FILE:
        options.insert(0, (_("Read it now"), again))
    await session.say(
        f"{await _line(session, source, name)}\n\n{numbered([label for label, _choice in options])}\n\n"
        + _("Answer with a number."),
        choices=[each for _label, each in options],
    )


async def _chosen(session: Session, source_id: UUID) -> tuple[Source, str]:
    for source, name in await imports.followed(session.tx, session.ctx, session.person):
        if source.id == source_id:
            return source, name
    raise BadInputError("That calendar is followed no more.")


@action("import refresh")
async def import_refresh(session: Session, choice: dict[str, Any]) -> None:
    """Read one again at once."""
    await imports.refresh(session.tx, session.ctx, session.person, UUID(choice["source"]))
    await session.say(_("I am reading it; I tell you how that went."))


@action("import stop")
async def import_stop(session: Session, choice: dict[str, Any]) -> None:
    """Follow one no more."""
    source, name = await _chosen(session, UUID(choice["source"]))
    await imports.stop_following(session.tx, session.ctx, session.person, source.id)
    await session.say(
        _("That calendar of {doctor} blocks no more times.", doctor=escape(name)),
    )


@command(
    "refresh calendar|refresh calendars|refresh",
    "[NUMBER]",
    help="read a followed calendar at once; “calendars followed” has the numbers",
    who=runs_or_treats,
    group="Centre",
)
async def refresh_calendar(session: Session, text: str) -> None:
    """The one of that number; without one, all."""
    found = [
        each
        for each in await _numbered(session, text)
        if each[0].kind is not SourceKind.FILE or _NUMBER.match(text.strip())
    ]
    if not found:
        raise BadInputError("No calendar is followed that could be read again. A file is sent again, to be read anew.")
    for source, _name in found:
        await imports.refresh(session.tx, session.ctx, session.person, source.id)
    await session.say(_("I am reading it; I tell you how that went."))


@command(
    "stop following|unfollow",
    "NUMBER",
    help="let go of a calendar that blocks times; “calendars followed” has the numbers",
    who=runs_or_treats,
    group="Centre",
)
async def stop_following(session: Session, text: str) -> None:
    """The one of that number, or the only one."""
    found = await _numbered(session, text)
    if len(found) != 1:
        raise BadInputError("Which one? “calendars followed” has the numbers; then write: stop following 2")
    await import_stop(session, {"source": str(found[0][0].id)})


async def _numbered(session: Session, text: str) -> list[tuple[Source, str]]:
    found = await imports.followed(session.tx, session.ctx, session.person)
    number = _NUMBER.match(text.strip())
    if not number:
        return found
    n = int(number["n"])
    if not 1 <= n <= len(found):
        raise BadInputError("There is no calendar of that number. “calendars followed” lists them.")
    return [found[n - 1]]
