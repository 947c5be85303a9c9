"""Which services may fit a wish, in the order in which they are to be looked at: decided by the database.

Each comes with a bound (see bounds): before it, it is not free. What the wish says of times is looked at later.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, any_, func, literal, or_, select
from sqlalchemy.sql.expression import ColumnExpressionArgument

from booking.directory import reading
from booking.directory.model import Centre, Mode, Patients, Practitioner, centre, practitioner, service
from booking.directory.names import names_match
from booking.directory.places import Place
from booking.search.bounds import freed, next_free
from booking.search.model import Wish
from booking.search.rules import INSTANT, Box, Candidate, Tier, box, tiers
from core.database import Tx

Condition = ColumnExpressionArgument[bool]


class Candidates:
    """Those of one tier, in order: those whose bound is not known at once, the others as they are asked for.

    The indexes on next_free have those of a specialty in this order, so that the first of them cost the same in a small
    country and in a large one; those near a place are few enough to be put in order.
    """

    def __init__(self, tx: Tx, wish: Wish, tier: Tier, unsure: Sequence[UUID], named: Sequence[Condition]) -> None:
        self._tx = tx
        self._unsure = unsure
        self._wish = wish
        self._tier = tier
        self._wanted = [*_wanted(wish), *_of(wish, tier), *named]
        self._seen: list[UUID] = []
        self._more = True

    async def unsure(self) -> list[Candidate]:
        """Return those of whom something was freed that nobody has looked at."""
        if not self._unsure:
            return []
        found = await self._select(next_free.c.service_id.in_(self._unsure))
        return [replace(each, bound=self._tx.now - INSTANT) for each in found]

    async def take(self, count: int) -> list[Candidate]:
        """Return the next ones; fewer, if there are no more."""
        if not self._more:
            return []
        passed = [*self._seen, *self._unsure]
        there: list[Condition] = [next_free.c.service_id.not_in(passed)] if passed else []
        if self._wish.latest is not None:
            there.append(next_free.c.soonest < self._wish.latest)
        found = await self._select(*there, limit=count)
        self._seen += [each.service.id for each in found]
        self._more = len(found) == count
        return found

    async def _select(self, *wanted: Condition, limit: int | None = None) -> list[Candidate]:
        place, distance = self._wish.place, _distance(self._wish.place)
        bound = func.greatest(next_free.c.soonest, self._tx.now - INSTANT).label("bound")
        price = (next_free.c.price_currency, next_free.c.price_amount, next_free.c.service_id)
        near = (distance,) if place and self._tier.by_distance(self._wish) else ()
        order = {
            "soonest": (next_free.c.soonest, *near, *price),
            "nearest": (*near, *price),
            "cheapest": (*price[:2], *near, price[2]),
        }[self._wish.sort]
        found = await self._tx.conn.execute(
            select(service, distance.label("distance"), centre.c.timezone, bound)
            .join_from(next_free, service, service.c.id == next_free.c.service_id)
            .join(centre, centre.c.id == service.c.centre_id)
            .join(practitioner, practitioner.c.id == service.c.practitioner_id)
            .where(*self._wanted, *wanted)
            .order_by(*order)
            .limit(limit)
        )
        return [_candidate(row) for row in found]


async def candidates_for(tx: Tx, wish: Wish) -> list[Candidates]:
    """Return the candidates of each tier of a wish."""
    named = [await _named(tx, wish.name)] if wish.name is not None else []
    unsure = (await tx.conn.execute(select(freed.c.service_id).distinct())).scalars().all()
    return [Candidates(tx, wish, tier, unsure, named) for tier in tiers(wish)]


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(reading.service_from(row), row.distance, row.timezone, row.bound)


def _wanted(wish: Wish) -> list[Condition]:
    """What does not depend on the tier."""
    wanted: list[Condition] = [service.c.active, practitioner.c.verified, _listed(wish)]
    if wish.specialty is not None:
        wanted.append(next_free.c.specialty == wish.specialty)
    if wish.reason is not None:
        wanted.append(or_(func.cardinality(service.c.reasons) == 0, literal(wish.reason) == any_(service.c.reasons)))
    for limit in (wish.min_price, wish.max_price):
        if limit is not None:
            wanted.append(next_free.c.price_currency == limit.currency)
    if wish.min_price is not None:
        wanted.append(next_free.c.price_amount >= wish.min_price.amount)
    if wish.max_price is not None:
        wanted.append(next_free.c.price_amount <= wish.max_price.amount)
    if wish.language is not None:
        wanted.append(literal(wish.language) == any_(practitioner.c.languages))
    if wish.gender is not None:
        wanted.append(practitioner.c.gender == wish.gender)
    if wish.insurance is not None:
        wanted.append(literal(wish.insurance) == any_(centre.c.insurances))
    if wish.accessible:
        wanted.append(or_(centre.c.accessible, next_free.c.mode == Mode.ONLINE.value))
    return [*wanted, *_patients(wish)]


def _listed(wish: Wish) -> Condition:
    """Who is not listed is found by those who were with them before."""
    return or_(practitioner.c.listed, service.c.practitioner_id.in_(wish.known_to or ()))


def _patients(wish: Wish) -> list[Condition]:
    """Some services are only for who was with the practitioner before, or only for who was not."""
    if wish.known_to is None:
        return []
    knows = service.c.practitioner_id.in_(wish.known_to)
    as_known = and_(knows, service.c.patients != Patients.NEW.value)
    as_new = and_(~knows, service.c.patients != Patients.KNOWN.value)
    return [{Patients.NEW: as_new, Patients.KNOWN: as_known, Patients.ALL: or_(as_known, as_new)}[wish.patients]]


def _of(wish: Wish, tier: Tier) -> list[Condition]:
    wanted: list[Condition] = []
    if tier.mode is not None:
        wanted.append(next_free.c.mode == tier.mode.value)
    if tier.currency is not None:
        same = next_free.c.price_currency == wish.currency
        wanted.append(same if tier.currency else ~same)
    if wish.place is not None and tier.near is not None:
        near = _distance(wish.place) <= wish.radius_km
        if wish.specialty is not None:  # where the way leads over the centre, the sooner it is asked the better
            wanted.append(service.c.specialty == wish.specialty)
        area = _within(box(wish.place.latitude, wish.place.longitude, wish.radius_km))
        wanted += [area, near] if tier.near else [~near]
    return wanted


def _within(area: Box) -> ColumnElement[bool]:
    """Whether a centre lies in the box: what the index on (latitude, longitude) answers."""
    east_of, west_of = centre.c.longitude >= area.west, centre.c.longitude <= area.east
    between = and_(east_of, west_of) if area.west <= area.east else or_(east_of, west_of)
    return and_(centre.c.latitude.between(area.south, area.north), between)


def _distance(place: Place | None) -> ColumnElement[Any]:
    """A centre's distance in km by the haversine formula."""
    if place is None:
        return literal(None)
    up = func.sin(func.radians(centre.c.latitude - place.latitude) / 2)
    aside = func.sin(func.radians(centre.c.longitude - place.longitude) / 2)
    half = up * up + func.cos(func.radians(place.latitude)) * func.cos(func.radians(centre.c.latitude)) * aside * aside
    return 2 * 6371.0 * func.asin(func.sqrt(func.least(1.0, half)))


async def _named(tx: Tx, name: str) -> ColumnElement[bool]:
    """Whether the doctor or the centre is one of those whose names come nearest to what was written."""
    doctors = _best(name, await reading.practitioners_named(tx, name))
    centres = _best(name, await reading.centres_named(tx, name))
    return or_(service.c.practitioner_id.in_(doctors), service.c.centre_id.in_(centres))


def _best(name: str, known: Sequence[Practitioner] | Sequence[Centre]) -> Collection[UUID]:
    """Leave out what is spelt less like it than the best: who writes Osei is not shown Oseki."""
    scores = {thing.id: names_match(name, thing.name, thing.slug) for thing in known}
    return [thing for thing, score in scores.items() if score >= max(scores.values()) - 1]
