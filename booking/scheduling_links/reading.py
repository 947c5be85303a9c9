"""What is published of the directory: services that everybody may find, with their free times."""

from datetime import timedelta

from booking.directory.model import Centre
from booking.web.reading import Offered, centre_called, offered
from core.database import Tx

PUBLISHED_FOR = timedelta(days=28)


async def published(tx: Tx) -> list[Offered]:
    """Return all services that are offered, without times."""
    return await offered(tx, tx.now)


async def published_at(tx: Tx, slug: str) -> list[Offered]:
    """Return the services of a centre with their free times; none for an unknown one."""
    found = await centre_called(tx, slug) if slug.isprintable() else None
    return await offered(tx, tx.now + PUBLISHED_FOR, centre_id=found.id) if found else []


def centres_of(services: list[Offered]) -> list[Centre]:
    """Return the centres at which something is offered, by name."""
    return sorted({each.centre.id: each.centre for each in services}.values(), key=lambda each: (each.name, each.id))
