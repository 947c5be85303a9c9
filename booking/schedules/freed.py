"""Time that came free: whoever waits for it is offered it, by the handler of the outbox kind "waiting.offer"."""

import json
from datetime import datetime
from uuid import UUID

from core.database import Tx
from core.ids import new_id
from core.outbox import enqueue

KIND = "waiting.offer"


async def freed(tx: Tx, practitioner_id: UUID, start: datetime, end: datetime) -> None:
    """Have the waiting list looked through for times of a practitioner that touch this span (aware).

    In a transaction of its own: who gives time back does not take it for another at once (see `occupancy`). Written
    whether somebody waits or not, so that who begins to wait at this moment is not passed over.
    """
    span = {"practitioner": str(practitioner_id), "start": start.isoformat(), "end": end.isoformat()}
    lane = f"waiting:{practitioner_id}"
    await enqueue(tx, kind=KIND, lane=lane, key=f"{lane}:{new_id()}", payload=json.dumps(span).encode())
