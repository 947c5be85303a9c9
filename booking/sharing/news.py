"""What those concerned are told of consents and emergencies: ids and kinds alone wait in the outbox."""

import json
from collections.abc import Iterable
from uuid import UUID

from core.database import Tx
from core.outbox import Work, put

NEWS = "access.news"
"""Outbox kind: who reads a patient's records, told to a person whom it concerns, at once whatever their quiet hours."""


async def tell(tx: Tx, people: Iterable[UUID], news: str, about: UUID, **more: object) -> None:
    """Have people told; `about` is the consent or emergency, and with the news and the person told once."""
    await put(
        tx,
        [
            Work(
                kind=NEWS,
                lane=f"person:{person}",
                key=f"access:{news}:{about}:{person}",
                payload=json.dumps({"news": news, "person": str(person), **more}).encode(),
            )
            for person in people
        ],
    )
