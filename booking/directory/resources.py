"""Rooms and devices of a centre, and which services are booked along with them."""
# ruff: noqa: ARG001  (all services have one head: transaction, context, actor)

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_edit_centre, require
from booking.context import Context
from booking.directory import model
from booking.directory.model import Resource
from booking.directory.rules import checked_text, within
from booking.people.service import Person
from core.database import Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from core.languages import commas

_table = model.resource
_uses = model.service_resource


async def add_resource(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, *, name: str, seats: int = 1) -> Resource:
    """Add a room, or a device of which there are `seats`. For the centre's and platform admins.

    Raises RefusedError, BadInputError, and ConflictError for a name that is there already.
    """
    require(may_edit_centre(actor, centre_id))
    name = checked_text(name, "name", most=60)
    within(seats, 1, 100, "number of them", "pieces")
    if any(each.name.casefold() == name.casefold() for each in await resources_at(tx, centre_id)):
        raise ConflictError("“{name}” is there already.", name=name)
    made = Resource(new_id(), centre_id, name, seats, active=True)
    values = {field: getattr(made, field) for field in made.__dataclass_fields__}
    await tx.conn.execute(insert(_table).values(**values, created_at=tx.now))
    return made


async def remove_resource(tx: Tx, ctx: Context, actor: Person, resource_id: UUID) -> Resource:
    """Let a room or device be booked no more. For the centre's and platform admins.

    Raises RefusedError, and ConflictError while a service is booked with it.
    """
    found = await resource_by_id(tx, resource_id)
    require(may_edit_centre(actor, found.centre_id))
    offered = model.service
    users = await tx.conn.execute(
        select(offered.c.name)
        .join(_uses, _uses.c.service_id == offered.c.id)
        .where(_uses.c.resource_id == resource_id, offered.c.active)
        .order_by(offered.c.name)
        .limit(1)
    )
    if used_by := users.scalar_one_or_none():
        raise ConflictError(
            "“{service}” is booked with {name}. Take it out there first: edit service DOCTOR “{service}” without"
            " “{name}”.",
            service=used_by,
            name=found.name,
        )
    await tx.conn.execute(update(_table).where(_table.c.id == resource_id).values(active=False))
    return found


async def resources_at(tx: Tx, centre_id: UUID) -> list[Resource]:
    """Return a centre's rooms and devices, by name."""
    found = await tx.conn.execute(
        select(_table).where(_table.c.centre_id == centre_id, _table.c.active).order_by(_table.c.name, _table.c.id)
    )
    return [_resource(row) for row in found]


async def resource_by_id(tx: Tx, resource_id: UUID) -> Resource:
    """Return a room or device, in use or not. Raises RefusedError for an unknown id."""
    row = (await tx.conn.execute(select(_table).where(_table.c.id == resource_id))).one_or_none()
    if row is None:
        raise RefusedError
    return _resource(row)


async def resources_of(tx: Tx, service_ids: Iterable[UUID]) -> dict[UUID, list[Resource]]:
    """Return what services are booked along with, by the service's id, in the order of their ids."""
    found = await tx.conn.execute(
        select(_uses.c.service_id, _table)
        .join(_table, _table.c.id == _uses.c.resource_id)
        .where(_uses.c.service_id.in_(list(service_ids)))
        .order_by(_table.c.id)
    )
    by_service: dict[UUID, list[Resource]] = {}
    for row in found:
        by_service.setdefault(row.service_id, []).append(_resource(row))
    return by_service


async def practitioners_using(tx: Tx, resource_id: UUID) -> list[UUID]:
    """Return the practitioners who offer something that is booked along with a room or device, in order."""
    offered = model.service
    found = await tx.conn.execute(
        select(offered.c.practitioner_id)
        .join(_uses, _uses.c.service_id == offered.c.id)
        .where(_uses.c.resource_id == resource_id)
        .distinct()
        .order_by(offered.c.practitioner_id)
    )
    return list(found.scalars())


async def resources_named(tx: Tx, centre_id: UUID, names: Collection[str]) -> list[Resource]:
    """Return a centre's rooms and devices by their names. Raises BadInputError with those that there are."""
    known = {each.name.casefold(): each for each in await resources_at(tx, centre_id)}
    for name in names:
        if name.strip().casefold() not in known:
            some = commas(each.name for each in known.values()) or "none yet; “add room” adds one"
            raise BadInputError("There is no “{name}”. Rooms and devices: {some}.", name=name.strip(), some=some)
    return [known[name.strip().casefold()] for name in names]


async def book_along(tx: Tx, service_id: UUID, centre_id: UUID, resource_ids: Collection[UUID]) -> None:
    """Set which rooms and devices a service needs, in place of those that it needed. No permission is asked here.

    Raises RefusedError for one of another centre.
    """
    require(set(resource_ids) <= {each.id for each in await resources_at(tx, centre_id)})
    await tx.conn.execute(delete(_uses).where(_uses.c.service_id == service_id))
    if resource_ids:
        await tx.conn.execute(
            insert(_uses), [{"service_id": service_id, "resource_id": each} for each in set(resource_ids)]
        )


def _resource(row: Row[Any]) -> Resource:
    return Resource(row.id, row.centre_id, row.name, row.seats, row.active)
