"""A centre's staff room, as far as booking knows it: who belongs there, and that something changed. No Matrix here."""

import json
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.types import Uuid

from core.database import Tx
from core.ids import new_id
from core.outbox import Work, put

OPEN, SYNC, NOTICE = "staff.open", "staff.sync", "staff.notice"
"""Kinds of work: have the room made, have its members be those who work there, say something in it."""

_STAFF = text("""
    SELECT p.id, p.mxid FROM centre_admin a JOIN person p ON p.id = a.person_id WHERE a.centre_id = :centre
    UNION
    SELECT p.id, p.mxid
    FROM practitioner_role r JOIN practitioner d ON d.id = r.practitioner_id JOIN person p ON p.id = d.person_id
    WHERE r.centre_id = :centre
""").bindparams(bindparam("centre", type_=Uuid()))


def lane(centre_id: UUID) -> str:
    """The lane of what concerns a centre's staff room: in order."""
    return f"staff:{centre_id}"


async def staff_of(tx: Tx, centre_id: UUID) -> dict[UUID, str]:
    """Return who works at a centre: its admins and its doctors with an account, by person their Matrix ids."""
    return {row.id: row.mxid for row in await tx.conn.execute(_STAFF, {"centre": centre_id})}


async def staff_changed(tx: Tx, *centres: UUID) -> None:
    """Somebody came to these centres, or has left them: have their staff rooms, where there are any, follow."""
    works = [
        Work(SYNC, lane(each), f"{SYNC}:{each}:{new_id()}", json.dumps({"centre": str(each)}).encode())
        for each in centres
    ]
    await put(tx, works)
