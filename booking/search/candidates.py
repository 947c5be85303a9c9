"""Which services may fit a wish: everything about it that does not depend on free times, decided by the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, any_, func, literal, or_, select, true
from sqlalchemy.sql.expression import ColumnExpressionArgument

from booking.directory import reading
from booking.directory.model import Centre, Mode, Practitioner, centre, practitioner, service
from booking.directory.places import Place
from booking.search.model import Wish
from booking.search.rules import Box, Candidate, box
from core.database import Tx


async def candidates_for(tx: Tx, wish: Wish) -> list[Candidate]:
    """Return the services that fit but for their times, in one query (and one or two for a name)."""
    wanted: list[ColumnExpressionArgument[bool]] = [service.c.active]
    if wish.specialty is not None:
        wanted.append(service.c.specialty == wish.specialty)
    if wish.mode is not None:
        wanted.append(service.c.mode == wish.mode.value)
    if wish.max_price is not None:
        wanted.append(service.c.price_currency == wish.max_price.currency)
        wanted.append(service.c.price_amount <= wish.max_price.amount)
    if wish.language is not None:
        wanted.append(literal(wish.language) == any_(practitioner.c.languages))
    if wish.gender is not None:
        wanted.append(practitioner.c.gender == wish.gender)
    if wish.name is not None:
        wanted.append(await _named(tx, wish.name))
    distance: ColumnElement[Any] = literal(None)
    if wish.place is not None:
        distance = _km(wish.place)
        if wish.mode is not Mode.ONLINE:
            wanted.append(_within(box(wish.place.latitude, wish.place.longitude, wish.radius_km)))
            wanted.append(distance <= wish.radius_km)
    found = await tx.conn.execute(
        select(service, distance.label("distance"), centre.c.timezone)
        .join(centre, centre.c.id == service.c.centre_id)
        .join(practitioner, practitioner.c.id == service.c.practitioner_id)
        .where(and_(true(), *wanted))
    )
    return [_candidate(row) for row in found]


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(reading.service_from(row), row.distance, row.timezone)


def _within(area: Box) -> ColumnElement[bool]:
    """Whether a centre lies in the box: what the index on (latitude, longitude) answers."""
    east_of, west_of = centre.c.longitude >= area.west, centre.c.longitude <= area.east
    between = and_(east_of, west_of) if area.west <= area.east else or_(east_of, west_of)
    return and_(centre.c.latitude.between(area.south, area.north), between)


def _km(place: Place) -> ColumnElement[float]:
    """A centre's distance by the haversine formula."""
    up = func.sin(func.radians(centre.c.latitude - place.latitude) / 2)
    aside = func.sin(func.radians(centre.c.longitude - place.longitude) / 2)
    half = up * up + func.cos(func.radians(place.latitude)) * func.cos(func.radians(centre.c.latitude)) * aside * aside
    return 2 * 6371.0 * func.asin(func.sqrt(func.least(1.0, half)))


async def _named(tx: Tx, name: str) -> ColumnElement[bool]:
    """Whether the doctor or the centre is one of those whose names come nearest to what was written."""
    doctors = _best(name, await reading.practitioners_named(tx, name))
    centres = _best(name, await reading.centres_named(tx, name))
    return or_(service.c.practitioner_id.in_(doctors), service.c.centre_id.in_(centres))


def _best(name: str, known: Sequence[Practitioner] | Sequence[Centre]) -> list[Any]:
    """Leave out what is spelt less like it than the best: who writes Osei is not shown Oseki."""
    scores = {thing.id: reading.names_match(name, thing.name, thing.slug) for thing in known}
    return [thing for thing, score in scores.items() if score >= max(scores.values()) - 1]
