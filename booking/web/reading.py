"""What the pages read of the directory: by the short names in their addresses."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.sql.expression import ColumnExpressionArgument

from booking.directory import model
from booking.directory.model import Centre, Practitioner, Service
from booking.directory.reading import centre_from, centres_with, practitioner_from, practitioners_with, service_from
from booking.schedules.service import free_times_of
from core.database import Tx


@dataclass(frozen=True, slots=True)
class Offered:
    """A service with its free times (UTC)."""

    service: Service
    practitioner: Practitioner
    centre: Centre
    times: tuple[datetime, ...]


async def practitioner_called(tx: Tx, slug: str) -> Practitioner | None:
    """Return the practitioner with just this short name, if everybody may find them."""
    shown = model.practitioner.c.listed & model.practitioner.c.verified
    found = await tx.conn.execute(select(model.practitioner).where(model.practitioner.c.slug == slug, shown))
    row = found.one_or_none()
    return practitioner_from(row) if row else None


async def centre_called(tx: Tx, slug: str) -> Centre | None:
    """Return the centre with just this short name."""
    found = await tx.conn.execute(select(model.centre).where(model.centre.c.slug == slug))
    row = found.one_or_none()
    return centre_from(row) if row else None


async def offered(
    tx: Tx,
    end: datetime,
    *,
    practitioner_id: UUID | None = None,
    centre_id: UUID | None = None,
    service_id: UUID | None = None,
    start: datetime | None = None,
    limit: int | None = None,
) -> list[Offered]:
    """Return what a practitioner, or a centre, offers, each with its free times until `end` (`limit`: the first ones).

    By the practitioner's name, then the centre's, then the service's.
    """
    table = model.service
    wanted: list[ColumnExpressionArgument[bool]] = [table.c.active]
    if practitioner_id is not None:
        wanted.append(table.c.practitioner_id == practitioner_id)
    if centre_id is not None:
        wanted.append(table.c.centre_id == centre_id)
    if service_id is not None:
        wanted.append(table.c.id == service_id)
    every = [service_from(row) for row in await tx.conn.execute(select(table).where(*wanted))]
    practitioners = await practitioners_with(tx, {each.practitioner_id for each in every})
    shown = {each.id for each in practitioners.values() if each.listed and each.verified}
    services = [each for each in every if each.practitioner_id in shown]
    centres = await centres_with(tx, {each.centre_id for each in services})
    times = await free_times_of(tx, services, start or tx.now, end, limit=limit)
    found = [
        Offered(each, practitioners[each.practitioner_id], centres[each.centre_id], tuple(times[each.id]))
        for each in services
    ]
    return sorted(found, key=lambda each: (each.practitioner.name, each.centre.name, each.service.name))
