"""What people are told about working somewhere: ids alone wait in the outbox."""

import json
from uuid import UUID

from core.database import Tx
from core.ids import new_id
from core.outbox import Work, put

NEWS = "staff.news"
"""Kind of work: tell a person."""


async def tell_person(tx: Tx, person_id: UUID, what: str, **about: str) -> None:
    """Have a person told of `what`: a name that the conversation has words for."""
    payload = json.dumps({"what": what, "person": str(person_id), **about}).encode()
    await put(tx, [Work(NEWS, f"person:{person_id}", f"{NEWS}:{what}:{new_id()}", payload)])
