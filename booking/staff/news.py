"""What people are told about working somewhere: ids alone wait in the outbox."""

import json
from uuid import UUID

from core.database import Tx
from core.ids import new_id
from core.outbox import Work, put

NEWS = "staff.news"
"""Kind of work: tell a person."""


async def tell_person(tx: Tx, person_id: UUID, what: str, *, key: str | None = None, **about: str) -> None:
    """Have a person told of `what`: a name that the conversation has words for. With the same `key` once."""
    payload = json.dumps({"what": what, "person": str(person_id), **about}).encode()
    await put(tx, [Work(NEWS, f"person:{person_id}", f"{NEWS}:{what}:{key or new_id()}", payload)])
