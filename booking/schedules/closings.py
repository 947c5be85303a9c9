"""Days on which a centre is closed for all who work there: closing on them, listing them, opening on them again.

Each closed day is a date that differs of each practitioner (`date_hours`), so that one can be there all the same; what
they had of that date before is kept beside it, and holds again when the centre opens on it again. Who begins to work
there later is given the closed days by a trigger (the migration of closings).
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Date, Uuid, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from booking.access import may_edit_centre, require
from booking.context import Context
from booking.directory import model as directory
from booking.directory.reading import practitioners_at
from booking.people.service import Person
from booking.schedules.freed import freed
from booking.schedules.model import centre_closing
from core.database import Tx

_LOOKED = timedelta(days=366)
_table = centre_closing
_WHERE = (bindparam("centre", type_=Uuid()), bindparam("days", type_=ARRAY(Date())))

# A date on which somebody is not there anyway stays their own, and so does one that is closed already.
_CLOSE = text("""
    INSERT INTO date_hours AS known (practitioner_id, centre_id, day, hours, closing)
    SELECT practitioner_id, centre_id, day, '{}', true
    FROM practitioner_role, unnest(:days) AS day
    WHERE centre_id = :centre
    ORDER BY practitioner_id, day
    ON CONFLICT (practitioner_id, centre_id, day) DO UPDATE SET hours = '{}', before = known.hours, closing = true
    WHERE known.hours <> '{}'
""").bindparams(*_WHERE)
_RESTORE = text("""
    UPDATE date_hours SET hours = before, before = NULL, closing = false
    WHERE centre_id = :centre AND day = ANY (:days) AND closing AND before IS NOT NULL
""").bindparams(*_WHERE)
_FORGET = text("""
    DELETE FROM date_hours WHERE centre_id = :centre AND day = ANY (:days) AND closing
""").bindparams(*_WHERE)


async def closings_of(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, today: date) -> list[date]:  # noqa: ARG001
    """Return the days from today on on which a centre is closed, in order. For its admins. Raises RefusedError."""
    require(may_edit_centre(actor, centre_id))
    wanted = select(_table.c.day).where(_table.c.centre_id == centre_id, _table.c.day >= today).order_by(_table.c.day)
    return list((await tx.conn.execute(wanted)).scalars())


async def close_on(tx: Tx, centre_id: UUID, days: Collection[date]) -> None:
    """Close a centre on these days, for all who work there and who begin to later. No permission is asked here."""
    await _alone(tx, centre_id)
    closing = [{"centre_id": centre_id, "day": day} for day in days]
    await tx.conn.execute(insert(_table).on_conflict_do_nothing(), closing)
    await tx.conn.execute(_CLOSE, {"centre": centre_id, "days": sorted(days)})


async def open_again(
    tx: Tx,
    ctx: Context,  # noqa: ARG001  (all services have one head)
    actor: Person,
    centre_id: UUID,
    days: Collection[date],
) -> list[date]:
    """Open a centre again on days on which it was closed; returns those on which it was, in order.

    Everybody who works there has the hours of before on them, whether they were there when it was closed or came since;
    who had said otherwise for such a day meanwhile keeps that. For its admins. Raises RefusedError.
    """
    require(may_edit_centre(actor, centre_id))
    await _alone(tx, centre_id)
    gone = delete(_table).where(_table.c.centre_id == centre_id, _table.c.day.in_(days)).returning(_table.c.day)
    opened = sorted((await tx.conn.execute(gone)).scalars())
    if opened:
        values = {"centre": centre_id, "days": opened}
        await tx.conn.execute(_RESTORE, values)
        await tx.conn.execute(_FORGET, values)
        for each in await practitioners_at(tx, centre_id):
            await freed(tx, each.id, tx.now, tx.now + _LOOKED)
    return opened


async def _alone(tx: Tx, centre_id: UUID) -> None:
    """Nobody begins to work there before this transaction ends."""
    at = directory.centre
    await tx.conn.execute(select(at.c.id).where(at.c.id == centre_id).with_for_update())
