"""Which services may fit a wish, in the order in which they are to be looked at: decided by the database.

Each comes with a bound (see bounds): before it, it is not free. What the wish says of times is looked at later.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Double,
    Integer,
    Table,
    Text,
    Uuid,
    all_,
    and_,
    any_,
    bindparam,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import ColumnExpressionArgument

from booking.directory import reading
from booking.directory.model import Centre, Mode, Patients, Practitioner, centre, practitioner, service
from booking.directory.names import names_match
from booking.search.bounds import AHEAD, free_ahead, freed, next_free, stretch_of
from booking.search.model import Sort, Wish
from booking.search.rules import INSTANT, Candidate, Tier, box, tiers
from core.database import Tx
from core.statements import Record, Statement
from core.tables import Moment
from core.timezones import utc

Condition = ColumnExpressionArgument[bool]


class Candidates:
    """Those of one tier, in order: those whose bound is not known at once, the others as they are asked for.

    The indexes on next_free have those of a specialty in this order, so that the first of them cost the same in a small
    country and in a large one; those near a place are few enough to be put in order. Who asks for a day to come gets
    those first of whom free_ahead has a start in the days from then on; the others are not free before these are over.
    """

    def __init__(
        self, tx: Tx, wish: Wish, tier: Tier, unsure: Sequence[UUID], named: "_Named | None", ahead: "_Ahead | None"
    ) -> None:
        self._tx = tx
        self._unsure = unsure
        self._wish = wish
        self._tier = tier
        self._named = named
        self._seen: list[UUID] = []
        self._more = not (ahead and wish.latest and utc(wish.latest) <= ahead.until)
        self._ahead = ahead
        self._more_ahead = ahead is not None

    async def unsure(self) -> list[Candidate]:
        """Return those of whom something was freed that nobody has looked at."""
        if not self._unsure:
            return []
        found = await self._select(only=self._unsure)
        return [replace(each, bound=self._tx.now - INSTANT) for each in found]

    async def take(self, count: int) -> list[Candidate]:
        """Return the next ones; fewer, if there are no more."""
        found: list[Candidate] = []
        while self._more_ahead and len(found) < count:
            found += await self._take_ahead(count - len(found))
        if not self._more or len(found) == count:
            return found
        missing = count - len(found)
        others = await self._select(but=[*self._seen, *self._unsure], limit=missing)
        self._seen += [each.service.id for each in others]
        self._more = len(others) == missing
        if self._ahead:
            over = self._ahead.until - INSTANT
            others = [replace(each, bound=max(each.bound, over)) for each in others]
        return [*found, *others]

    async def _take_ahead(self, count: int) -> list[Candidate]:
        """The next of those with a start soon after the wish's: of each its first."""
        rows = await self._select(but=[*self._seen, *self._unsure], limit=count, ahead=self._ahead)
        self._more_ahead = len(rows) == count
        first: dict[UUID, Candidate] = {}
        for each in rows:
            first.setdefault(each.service.id, each)
        self._seen += first
        return [*first.values()]

    async def _select(
        self,
        *,
        only: Sequence[UUID] | None = None,
        but: Sequence[UUID] = (),
        limit: int | None = None,
        ahead: "_Ahead | None" = None,
    ) -> list[Candidate]:
        wish, place = self._wish, self._wish.place
        area = box(place.latitude, place.longitude, wish.radius_km) if place else None
        shape = _Shape(
            given=frozenset(name for name in _IF_GIVEN if getattr(wish, name) is not None),
            accessible=wish.accessible,
            patients=wish.patients,
            sort=wish.sort,
            mode=self._tier.mode is not None,
            currency=self._tier.currency,
            near=self._tier.near,
            in_person_first=self._tier.in_person_first,
            over_date_line=area is not None and area.west > area.east,
            by_distance=self._tier.by_distance(wish),
            only=only is not None,
            but=bool(but),
            before=only is None and wish.latest is not None,
            ahead=ahead is not None,
        )
        values = {name: getattr(wish, name) for name in _IF_GIVEN} | {
            "known_to": [*(wish.known_to or ())],
            "min_amount": wish.min_price and wish.min_price.amount,
            "min_currency": wish.min_price and wish.min_price.currency,
            "max_amount": wish.max_price and wish.max_price.amount,
            "max_currency": wish.max_price and wish.max_price.currency,
            "mode": self._tier.mode,
            "currency": wish.currency,
            "radius": wish.radius_km,
            "latest": wish.latest,
            "floor": self._tx.now - INSTANT,
            "only": only,
            "but": but,
            "most": limit,
            "ahead": ahead and ahead.start,
            "ahead_until": ahead and ahead.until,
        }
        if place and area:
            values |= {"latitude": place.latitude, "longitude": place.longitude}
            values |= {side: getattr(area, side) for side in ("south", "north", "west", "east")}
        if self._named:
            values |= {"doctors": [*self._named.doctors], "centres": [*self._named.centres]}
        found = await self._tx.run(_statement(shape), values)
        return [_candidate(row) for row in found]


async def candidates_for(tx: Tx, wish: Wish) -> list[Candidates]:
    """Return the candidates of each tier of a wish."""
    named = await _named(tx, wish.name) if wish.name is not None else None
    unsure = [row.service_id for row in await tx.run(_UNSURE, {})]
    found = []
    for tier in tiers(wish):
        ahead = _ahead(tx, wish, tier)
        found.append(Candidates(tx, wish, tier, await _unsure_of(tx, wish, unsure, ahead), named, ahead))
    return found


@dataclass(frozen=True, slots=True)
class _Ahead:
    """From when until when the starts in free_ahead are looked at. `start`: of a stretch."""

    start: datetime
    until: datetime


def _ahead(tx: Tx, wish: Wish, tier: Tier) -> _Ahead | None:
    """Return what of free_ahead serves a wish: for a day to come, of one specialty, wherever it is."""
    if wish.earliest is None or wish.specialty is None or wish.name is not None or wish.sort != "soonest":
        return None
    start = stretch_of(utc(wish.earliest))
    if tier.by_distance(wish) or not tx.now < start < tx.now + AHEAD - _LOOKED_AHEAD_DAILY:
        return None
    return _Ahead(start, start + _ENOUGH_AHEAD)


async def _unsure_of(tx: Tx, wish: Wish, freed_again: Sequence[UUID], ahead: _Ahead | None) -> list[UUID]:
    """Those of whom nothing is known: not of now, or not of the days that are wished for."""
    if ahead is None:
        return [*freed_again]
    values = {"specialty": wish.specialty, "ahead": ahead.start, "now": tx.now}
    return [*{*freed_again, *(row.service_id for row in await tx.run(_UNKNOWN_AHEAD, values))}]


def _candidate(row: Record) -> Candidate:
    return Candidate(reading.service_from(row), row.distance, row.timezone, row.bound)


_UNSURE = Statement(select(freed.c.service_id).distinct())
# Who cannot be booked so far ahead is known not to be free.
_UNKNOWN_AHEAD = Statement(
    select(next_free.c.service_id)
    .join(service, service.c.id == next_free.c.service_id)
    .where(
        next_free.c.specialty == bindparam("specialty", type_=Text),
        next_free.c.known_until < bindparam("ahead", type_=Moment()),
        bindparam("now", type_=Moment()) + func.make_interval(0, 0, 0, service.c.window_days)
        > bindparam("ahead", type_=Moment()),
    )
)
_LOOKED_AHEAD_DAILY = timedelta(days=2)
_ENOUGH_AHEAD = timedelta(days=8)
"""Over a weekend and a holiday somebody has a start; who is not free within it is looked for as for today."""
_IF_GIVEN = (
    "specialty",
    "reason",
    "min_price",
    "max_price",
    "language",
    "gender",
    "insurance",
    "known_to",
    "place",
    "name",
)
"""What of a wish makes a condition when it is there."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which conditions a statement has, and in which order; their values are given each time it runs."""

    given: frozenset[str]
    accessible: bool
    patients: Patients
    sort: Sort
    mode: bool
    currency: bool | None
    near: bool | None
    in_person_first: bool
    over_date_line: bool
    by_distance: bool
    only: bool
    but: bool
    before: bool
    ahead: bool


@lru_cache(1000)
def _statement(shape: _Shape) -> Statement:
    """The statement of a shape. Wishes have few shapes, and putting one together takes longer than running it."""
    distance = _distance() if "place" in shape.given else null()
    known = free_ahead if shape.ahead else next_free
    soonest = free_ahead.c.starts if shape.ahead else next_free.c.soonest
    bound = func.greatest(soonest, bindparam("floor", type_=Moment())).label("bound")
    price = (known.c.price_currency, known.c.price_amount, known.c.service_id)
    near = (distance,) if shape.by_distance else ()
    order = {
        "soonest": (soonest, *near, *price),
        "nearest": (*near, *price),
        "cheapest": (*price[:2], *near, price[2]),
    }[shape.sort]
    return Statement(
        select(service, distance.label("distance"), centre.c.timezone, bound)
        .join_from(known, service, service.c.id == known.c.service_id)
        .join(centre, centre.c.id == service.c.centre_id)
        .join(practitioner, practitioner.c.id == service.c.practitioner_id)
        .where(*_wanted(shape, known), *_of(shape, known), *_which(shape, known, soonest))
        .order_by(*((known.c.mode == Mode.ONLINE.value,) if shape.in_person_first else ()), *order)
        .limit(bindparam("most", type_=Integer))
    )


def _which(shape: _Shape, known: Table, soonest: ColumnElement[datetime]) -> list[Condition]:
    """Some of all, or but some."""
    wanted: list[Condition] = []
    if shape.only:
        wanted.append(known.c.service_id == any_(_ids("only")))
    if shape.but:
        wanted.append(known.c.service_id != all_(_ids("but")))
    if shape.before:
        wanted.append(soonest < bindparam("latest", type_=Moment()))
    if shape.ahead:
        wanted += [soonest >= bindparam("ahead", type_=Moment()), soonest < bindparam("ahead_until", type_=Moment())]
    if "name" in shape.given:
        wanted.append(
            or_(service.c.practitioner_id == any_(_ids("doctors")), service.c.centre_id == any_(_ids("centres")))
        )
    return wanted


def _wanted(shape: _Shape, known: Table) -> list[Condition]:
    """What does not depend on the tier."""
    given = shape.given
    wanted: list[Condition] = [service.c.active, practitioner.c.verified, _listed()]
    if "specialty" in given:
        wanted.append(known.c.specialty == bindparam("specialty"))
    if "reason" in given:
        wanted.append(or_(func.cardinality(service.c.reasons) == 0, _text("reason") == any_(service.c.reasons)))
    if "min_price" in given:
        wanted += [
            known.c.price_currency == bindparam("min_currency"),
            known.c.price_amount >= bindparam("min_amount"),
        ]
    if "max_price" in given:
        wanted += [
            known.c.price_currency == bindparam("max_currency"),
            known.c.price_amount <= bindparam("max_amount"),
        ]
    if "language" in given:
        wanted.append(_text("language") == any_(practitioner.c.languages))
    if "gender" in given:
        wanted.append(practitioner.c.gender == bindparam("gender"))
    if "insurance" in given:
        wanted.append(_text("insurance") == any_(centre.c.insurances))
    if shape.accessible:
        wanted.append(or_(centre.c.accessible, known.c.mode == Mode.ONLINE.value))
    return [*wanted, *_patients(shape)]


def _listed() -> Condition:
    """Who is not listed is found by those who were with them before."""
    return or_(practitioner.c.listed, service.c.practitioner_id == any_(_ids("known_to")))


def _patients(shape: _Shape) -> list[Condition]:
    """Some services are only for who was with the practitioner before, or only for who was not."""
    if "known_to" not in shape.given:
        return []
    knows = service.c.practitioner_id == any_(_ids("known_to"))
    as_known = and_(knows, service.c.patients != Patients.NEW.value)
    as_new = and_(~knows, service.c.patients != Patients.KNOWN.value)
    return [{Patients.NEW: as_new, Patients.KNOWN: as_known, Patients.ALL: or_(as_known, as_new)}[shape.patients]]


def _of(shape: _Shape, known: Table) -> list[Condition]:
    """What the tier is."""
    wanted: list[Condition] = []
    if shape.mode:
        wanted.append(known.c.mode == bindparam("mode"))
    if shape.currency is not None:
        same = known.c.price_currency == bindparam("currency")
        wanted.append(same if shape.currency else ~same)
    if "place" in shape.given and shape.near is not None:
        near = _distance() <= bindparam("radius", type_=Double)
        if "specialty" in shape.given:  # where the way leads over the centre, the sooner it is asked the better
            wanted.append(service.c.specialty == bindparam("specialty"))
        wanted += [_within(shape), near] if shape.near else [~near]
    return wanted


def _within(shape: _Shape) -> ColumnElement[bool]:
    """Whether a centre lies in the box: what the index on (latitude, longitude) answers."""
    east_of, west_of = centre.c.longitude >= bindparam("west"), centre.c.longitude <= bindparam("east")
    between = or_(east_of, west_of) if shape.over_date_line else and_(east_of, west_of)
    return and_(centre.c.latitude.between(bindparam("south"), bindparam("north")), between)


def _distance() -> ColumnElement[Any]:
    """A centre's distance in km by the haversine formula."""
    latitude, longitude = bindparam("latitude", type_=Double), bindparam("longitude", type_=Double)
    up = func.sin(func.radians(centre.c.latitude - latitude) / 2)
    aside = func.sin(func.radians(centre.c.longitude - longitude) / 2)
    half = up * up + func.cos(func.radians(latitude)) * func.cos(func.radians(centre.c.latitude)) * aside * aside
    return 2 * 6371.0 * func.asin(func.sqrt(func.least(1.0, half)))


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text)


def _ids(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=ARRAY(Uuid))


@dataclass(frozen=True, slots=True)
class _Named:
    """The doctors and the centres whose names come nearest to what was written."""

    doctors: Collection[UUID]
    centres: Collection[UUID]


async def _named(tx: Tx, name: str) -> _Named:
    return _Named(
        _best(name, await reading.practitioners_named(tx, name)), _best(name, await reading.centres_named(tx, name))
    )


def _best(name: str, known: Sequence[Practitioner] | Sequence[Centre]) -> Collection[UUID]:
    """Leave out what is spelt less like it than the best: who writes Osei is not shown Oseki."""
    scores = {thing.id: names_match(name, thing.name, thing.slug) for thing in known}
    return [thing for thing, score in scores.items() if score >= max(scores.values()) - 1]
