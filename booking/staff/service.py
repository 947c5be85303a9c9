"""What those who run a centre do about its staff room."""

import json
from uuid import UUID

from booking.access import may_administer, require
from booking.context import Context
from booking.directory.model import StaffNotices
from booking.directory.service import edit_centre
from booking.people.service import Person
from booking.staff.room import OPEN, SYNC, lane
from core.database import Tx
from core.ids import new_id
from core.outbox import Work, put


async def open_staff_room(tx: Tx, ctx: Context, actor: Person, centre_id: UUID) -> None:
    """Have the centre's staff room made, and who asks invited anew; notices go there from then on. For its admins.

    Raises RefusedError.
    """
    require(may_administer(actor, centre_id))
    await edit_centre(tx, ctx, actor, centre_id, staff_notices=StaffNotices.ROOM)
    payload = json.dumps({"centre": str(centre_id), "again": str(actor.id)}).encode()
    await put(tx, [Work(kind, lane(centre_id), f"{kind}:{centre_id}:{new_id()}", payload) for kind in (OPEN, SYNC)])
