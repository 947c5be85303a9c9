"""Who may make and read which feed: asked when it is made, and again whenever it is read."""

from uuid import UUID

from sqlalchemy import select

from booking.access import may_administer, may_book_for
from booking.calendars.model import FeedKind
from booking.directory.model import practitioner_role, resource
from booking.people.service import Person
from core.database import Tx


async def may_read(tx: Tx, person: Person, kind: FeedKind, subject_id: UUID) -> bool:
    """Whether a person may be shown what a feed shows."""
    match kind:
        case FeedKind.FAMILY:
            return subject_id == person.id
        case FeedKind.PATIENT:
            return may_book_for(person, subject_id)
        case FeedKind.PRACTITIONER:
            return subject_id == person.practitioner_id
        case FeedKind.RESOURCE:
            at = await tx.conn.execute(select(resource.c.centre_id).where(resource.c.id == subject_id))
            centre_id = at.scalar_one_or_none()
            return centre_id is not None and may_administer(person, centre_id)
        case FeedKind.OPEN_PRACTITIONER:
            return subject_id == person.practitioner_id or await _runs_where(tx, person, subject_id)
        case _:
            return may_administer(person, subject_id)


async def _runs_where(tx: Tx, person: Person, practitioner_id: UUID) -> bool:
    """Whether they run a centre where the practitioner works."""
    role = practitioner_role
    found = await tx.conn.execute(
        select(role.c.centre_id)
        .where(role.c.practitioner_id == practitioner_id, role.c.centre_id.in_(person.administers))
        .limit(1)
    )
    return found.one_or_none() is not None
