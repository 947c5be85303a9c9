"""One visit, or one series, as a file that a calendar takes in with a tap: iTIP (RFC 5546), for the encrypted chat.

The same visit has the same UID here as in feeds, and its SEQUENCE grows, so that the file of a change takes the place
of the one before.
"""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import select

from booking.appointments.model import Appointment
from booking.calendars.entries import GONE, Entry, Setting, series_entries, settings_of
from booking.calendars.model import FeedKind, Options, Tell, calendar_feed
from booking.calendars.rules import CANCELLED_KEPT, Links, event_of
from booking.calendars.series import Placed, alone, laid_out
from booking.calendars.writing.events import Party
from booking.calendars.writing.whole import invitation as written
from booking.context import Context
from booking.people.service import Person, person_by_id
from core.database import Tx
from core.languages import speaking
from core.timezones import zone


async def invitation(tx: Tx, ctx: Context, person_id: UUID, visit: Appointment, *, whole: bool = False) -> bytes:
    """Return the file for one of the two whom a visit concerns: a REQUEST, or a CANCEL once it is cancelled.

    `whole`: of all the series that the visit is one of. Who gets it may have a name in it, and nobody else.
    """
    person = await person_by_id(tx, ctx, person_id)
    setting = (await settings_of(tx, [visit.service.id]))[visit.service.id]
    cancelled = visit.status in GONE
    parts = _chosen(await _placed(tx, visit, setting), visit, cancelled=cancelled, whole=whole)
    theirs = visit.practitioner.id == person.practitioner_id
    options = Options(tells=frozenset() if theirs else frozenset({Tell.DOCTORS}))
    matrix = ctx.settings.matrix
    # Always the first bot: an event that came from another organizer would be another event.
    organizer = Party(_address(matrix.bot_id), matrix.display_name)
    attendee = Party(_address(person.mxid), person.name or person.mxid)
    links = Links.of(ctx.settings, person.id)
    with speaking(person.language):
        events = [event_of(each, setting, options, links, organizer=organizer, attendee=attendee) for each in parts]
        return written("CANCEL" if cancelled else "REQUEST", events)


async def wants_files(tx: Tx, person: Person) -> bool:
    """Whether a doctor wants files: who subscribes to a calendar of their visits has them there already."""
    table = calendar_feed
    found = await tx.conn.execute(
        select(table.c.id)
        .where(
            table.c.owner == person.id,
            table.c.kind == FeedKind.PRACTITIONER,
            table.c.revoked_at.is_(None),
            table.c.last_used_at.is_not(None),
            table.c.expires_at.is_(None) | (table.c.expires_at > tx.now),
        )
        .limit(1)
    )
    return found.one_or_none() is None


async def _placed(tx: Tx, visit: Appointment, setting: Setting) -> list[Placed]:
    if visit.series_id is None:
        return [alone(_entry(visit))]
    [series] = await series_entries(tx, [visit.series_id])
    return laid_out(series, zone(setting.timezone), tx.now - CANCELLED_KEPT)


def _chosen(parts: Sequence[Placed], visit: Appointment, *, cancelled: bool, whole: bool) -> list[Placed]:
    """Of what is cancelled, just that; of a series otherwise what differs, or all of it where the visit does not."""
    if cancelled:
        return [
            each
            for each in parts
            if each.rule is None and each.entry.cancelled and (whole or each.entry.id == visit.id)
        ]
    own = [each for each in parts if each.entry.id == visit.id and each.rule is None]
    return own if own and not whole else [each for each in parts if each.rule or not each.entry.cancelled]


def _entry(visit: Appointment) -> Entry:
    return Entry(
        id=visit.id,
        code=visit.code,
        status=visit.status,
        sequence=visit.sequence,
        changed=visit.updated_at,
        start=visit.start,
        end=visit.end,
        service_id=visit.service.id,
        patient_id=visit.patient_id,
    )


def _address(mxid: str) -> str:
    """Where somebody is called: https://spec.matrix.org/v1.16/appendices/#matrix-uri-scheme"""
    return f"matrix:u/{quote(mxid.removeprefix('@'), safe=':')}"
