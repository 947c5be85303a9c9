"""Finding centres, practitioners and services: by id, by short name, by a name with typing errors. Public knowledge."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from booking.directory import model
from booking.directory.model import Centre, Mode, Patients, Payment, Practitioner, Service, StaffNotices
from booking.directory.names import CLOSE, names_match, signs, trigrams
from booking.directory.specialties import folded
from booking.people.model import person
from core.database import Tx
from core.errors import RefusedError
from core.money import Money
from core.statements import Record, Statement

Named = TypeVar("Named", Centre, Practitioner)
_EXACT = 99.0
_NEAREST = 100
"""Names that are compared letter by letter, those with most trigrams in common."""


_CENTRE = select(model.centre).where(model.centre.c.id == bindparam("wanted"))
_ADMINS = select(model.centre_admin.c.person_id).where(model.centre_admin.c.centre_id == bindparam("wanted"))
_SERVICE = select(model.service).where(model.service.c.id == bindparam("wanted"))

_IDS = bindparam("wanted", type_=ARRAY(Uuid))
_CENTRES = Statement(select(model.centre).where(model.centre.c.id == func.any(_IDS)))
_PRACTITIONERS = Statement(select(model.practitioner).where(model.practitioner.c.id == func.any(_IDS)))
_WHO = Statement(
    select(
        model.service.c.id,
        *(
            column.label(f"{table.name}__{column.name}")
            for table in (model.practitioner, model.centre)
            for column in table.c
            if column.name != "trigrams"
        ),
    )
    .join(model.practitioner, model.practitioner.c.id == model.service.c.practitioner_id)
    .join(model.centre, model.centre.c.id == model.service.c.centre_id)
    .where(model.service.c.id == func.any(_IDS))
)


async def centre(tx: Tx, centre_id: UUID) -> Centre:
    """Raises RefusedError for an unknown id."""
    return _one([centre_from(row) for row in await tx.conn.execute(_CENTRE, {"wanted": centre_id})])


async def practitioner(tx: Tx, practitioner_id: UUID) -> Practitioner:
    """Raises RefusedError for an unknown id."""
    return _one(await _practitioners(tx, model.practitioner.c.id == practitioner_id))


async def service(tx: Tx, service_id: UUID) -> Service:
    """Raises RefusedError for an unknown id."""
    return _one([service_from(row) for row in await tx.conn.execute(_SERVICE, {"wanted": service_id})])


async def services_of(tx: Tx, practitioner_id: UUID, centre_id: UUID | None = None) -> list[Service]:
    """Return what a practitioner offers (at one centre), active ones only, online ones first, then by name."""
    wanted = (model.service.c.practitioner_id == practitioner_id) & model.service.c.active
    if centre_id is not None:
        wanted &= model.service.c.centre_id == centre_id
    return sorted(await _services(tx, wanted), key=lambda each: (each.mode is not Mode.ONLINE, each.name, each.id))


async def all_centres(tx: Tx) -> list[Centre]:
    """Return every centre, by name."""
    return sorted(await _centres(tx, model.centre.c.id.is_not(None)), key=lambda each: each.name)


async def centres_of(tx: Tx, practitioner_id: UUID) -> list[Centre]:
    """Return the centres at which a practitioner works, by name."""
    role = model.practitioner_role
    at = select(role.c.centre_id).where(role.c.practitioner_id == practitioner_id)
    return sorted(await _centres(tx, model.centre.c.id.in_(at)), key=lambda each: each.name)


async def practitioners_at(tx: Tx, centre_id: UUID) -> list[Practitioner]:
    """Return who works at a centre, by name."""
    role = model.practitioner_role
    there = select(role.c.practitioner_id).where(role.c.centre_id == centre_id)
    return sorted(await _practitioners(tx, model.practitioner.c.id.in_(there)), key=lambda each: each.name)


async def centres_named(tx: Tx, text: str) -> list[Centre]:
    """Return the centres that the text may mean, best first; typing errors are forgiven."""
    return await _called(tx, model.centre, text, centre_from)


async def practitioners_named(tx: Tx, text: str, centre_id: UUID | None = None) -> list[Practitioner]:
    """Return the practitioners that the text may mean ("dr osei", "osei", "dr.osei"), best first."""
    return await _called(tx, model.practitioner, text, practitioner_from, centre_id)


async def centres_with(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Centre]:
    """Return centres by their ids."""
    return {row.id: centre_from(row) for row in await tx.run(_CENTRES, {"wanted": [*ids]})}


async def practitioners_with(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Practitioner]:
    """Return practitioners by their ids."""
    return {row.id: practitioner_from(row) for row in await tx.run(_PRACTITIONERS, {"wanted": [*ids]})}


async def who_offers(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[Practitioner, Centre]]:
    """Return of services, by their ids, who sees patients and where, in one look."""
    found: dict[UUID, tuple[Practitioner, Centre]] = {}
    for row in await tx.run(_WHO, {"wanted": [*ids]}):
        found[row.id] = practitioner_from(_Part(row, "practitioner")), centre_from(_Part(row, "centre"))
    return found


class _Part:
    """The columns of one table of a row that has those of several, under their own names."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Record, table: str) -> None:
        self._row, self._prefix = row, f"{table}__"

    def __getattr__(self, name: str) -> Any:
        return self._row[self._prefix + name]


async def unverified_practitioners(tx: Tx) -> list[Practitioner]:
    """Return whom nobody has verified, and who works somewhere, by name."""
    works = select(model.practitioner_role.c.practitioner_id)
    wanted = ~model.practitioner.c.verified & model.practitioner.c.id.in_(works)
    return sorted(await _practitioners(tx, wanted), key=lambda each: each.name)


async def centre_admins(tx: Tx, centre_id: UUID) -> list[UUID]:
    """Return the ids of the persons who run a centre."""
    found = await tx.conn.execute(_ADMINS, {"wanted": centre_id})
    return sorted(found.scalars())


async def staff_accounts(tx: Tx) -> set[str]:
    """Return the Matrix ids of all doctors and centres' admins."""
    ids = union(
        select(model.practitioner.c.person_id).where(model.practitioner.c.person_id.is_not(None)),
        select(model.centre_admin.c.person_id),
    )
    found = await tx.conn.execute(select(person.c.mxid).where(person.c.id.in_(ids)))
    return {row.mxid for row in found}


async def practitioner_person(tx: Tx, practitioner_id: UUID) -> UUID | None:
    """Return the id of the person who a practitioner is, or None while no account is linked."""
    table = model.practitioner
    return (await tx.conn.execute(select(table.c.person_id).where(table.c.id == practitioner_id))).scalar_one_or_none()


async def _called(
    tx: Tx, table: Table, text: str, made: Callable[[Record], Named], centre_id: UUID | None = None
) -> list[Named]:
    """Return the things of a table that a text may mean, best first; practitioners of one centre, if it is given.

    Who has just these words, or this short name, is looked up first; what is near is looked for when nobody has.
    """
    grams = trigrams(text)
    how = _naming(table, at_centre=centre_id is not None)
    values = {"slug": folded(text).replace(" ", "."), "grams": grams, "signs": signs(text), "at": centre_id}
    found = _ranked(text, map(made, await tx.run(how.exact if grams else how.short, values)))
    if not grams or any(names_match(text, each.name, each.slug) >= _EXACT for each in found):
        return found
    return _ranked(text, map(made, await tx.run(how.near, values)))


@dataclass(frozen=True, slots=True)
class _Naming:
    """How a table is looked through: by the short name, with those who have all trigrams, for who has some."""

    short: Statement
    exact: Statement
    near: Statement


@cache
def _naming(table: Table, *, at_centre: bool) -> _Naming:
    wanted: ColumnElement[bool] = true()
    if at_centre:
        role = model.practitioner_role
        there = select(role.c.practitioner_id).where(role.c.centre_id == bindparam("at", type_=Uuid))
        wanted = table.c.id.in_(there)
    short = table.c.slug == bindparam("slug", type_=Text)
    grams = bindparam("grams", type_=ARRAY(Text))
    alike = (
        select(func.count())
        .select_from(func.unnest(table.c.trigrams).alias("gram"))
        .where(column("gram", Text) == any_(grams))
    )
    near = (
        select(table.c.id)
        .where(wanted, table.c.trigrams.overlap(bindparam("signs", type_=ARRAY(Text))))
        .order_by(alike.scalar_subquery().desc(), table.c.id)
        .limit(literal_column(str(_NEAREST)))
    )
    return _Naming(
        short=Statement(select(table).where(wanted, short)),
        exact=Statement(select(table).where(wanted, or_(short, table.c.trigrams.contains(grams)))),
        near=Statement(select(table).where(table.c.id.in_(near))),
    )


def _ranked(text: str, things: Iterable[Named]) -> list[Named]:
    scored = [(names_match(text, thing.name, thing.slug), thing) for thing in things]
    return [thing for score, thing in sorted(scored, key=lambda s: (-s[0], s[1].name)) if score >= CLOSE]


Found = TypeVar("Found")


def _one(found: list[Found]) -> Found:
    if not found:
        raise RefusedError
    return found[0]


async def _centres(tx: Tx, wanted: ColumnElement[bool]) -> list[Centre]:
    return await _all(tx, model.centre, wanted, centre_from)


async def _practitioners(tx: Tx, wanted: ColumnElement[bool]) -> list[Practitioner]:
    return await _all(tx, model.practitioner, wanted, practitioner_from)


async def _services(tx: Tx, wanted: ColumnElement[bool]) -> list[Service]:
    return await _all(tx, model.service, wanted, service_from)


async def _all(tx: Tx, table: Any, wanted: ColumnElement[bool], made: Callable[[Row[Any]], Found]) -> list[Found]:
    return [made(row) for row in await tx.conn.execute(select(table).where(wanted))]


def centre_from(row: Row[Any] | Record | _Part) -> Centre:
    """Make the value from a row that has all the columns of `centre`."""
    return Centre(
        row.id, row.slug, row.name, row.street, row.city, row.country, row.latitude, row.longitude, row.timezone,
        row.currency, row.cancel_hours, row.late_refund_percent, row.phone, row.region, row.closed_on_holidays,
        row.accessible, tuple(row.insurances), None if row.reminder_minutes is None else tuple(row.reminder_minutes),
        row.daily_list_at, row.no_show_percent, row.no_show_limit, row.captures, row.carries_fee, row.offer_minutes,
        row.records_days,
        StaffNotices(row.staff_notices), row.question_hours,
        row.room_opens_minutes, row.room_closes_days, row.room_kept_days, row.reply_hours,
    )  # fmt: skip


def practitioner_from(row: Row[Any] | Record | _Part) -> Practitioner:
    """Make the value from a row that has all the columns of `practitioner`."""
    return Practitioner(
        row.id,
        row.slug,
        row.name,
        row.gender,
        tuple(row.languages),
        tuple(row.specialties),
        row.person_id,
        row.verified,
        row.listed,
    )


def service_from(row: Row[Any] | Record) -> Service:
    """Make the value from a row that has all the columns of `service`."""
    return Service(
        row.id, row.practitioner_id, row.centre_id, row.name, row.specialty, row.minutes, row.buffer_before,
        row.buffer_after, row.grid_minutes, row.min_notice_minutes, row.window_days, Mode(row.mode),
        Money(row.price_currency, row.price_amount), Payment(row.payment), row.active, row.capacity, row.approval,
        Patients(row.patients), tuple(row.reasons),
    )  # fmt: skip
