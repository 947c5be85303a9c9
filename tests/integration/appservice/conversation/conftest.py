"""A town with two centres and three doctors, and people who talk with the bot there."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from booking.directory.model import Mode, Payment
from booking.directory.service import add_centre_admin, edit_centre, link_practitioner
from core.database import Database
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.booking.clinic import CLARA, OSEI, context
from tests.integration.booking.town import Town


@pytest.fixture
def town(database: Database) -> Town:
    """On Monday, 30 November 2026, 9:00 UTC."""
    return Town(database, context())


@pytest.fixture
async def chat(town: Town, request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """With CARECONNECT_TRANSCRIPTS set to a folder, what was said is written there."""
    heart = await town.centre("Berlin Heart Centre")
    munich = await town.centre("Isar Clinic", "Munich")
    osei = await town.doctor(heart, "Dr Ama Osei")
    await town.service(osei, heart, price=48, payment=Payment.DESK)
    await town.offer(heart, "Dr Jonas Weber", price=35, languages=("en",), mode=Mode.ONLINE, payment=Payment.DESK)
    await town.offer(munich, "Dr Lena Maier", price=60, specialty="skin", payment=Payment.DESK)
    paul = await town.paul()
    async with town.database.transaction() as tx:
        await link_practitioner(tx, town.ctx, paul, osei.id, OSEI)
        await add_centre_admin(tx, town.ctx, paul, heart.id, CLARA)
        await edit_centre(tx, town.ctx, paul, heart.id, cancel_hours=24, late_refund_percent=50)
    talk = Chat(town.database, town.ctx)
    yield talk
    folder = os.environ.get("CARECONNECT_TRANSCRIPTS")
    if folder:
        (Path(folder) / f"{request.node.name}.txt").write_text("\n".join(talk.transcript))
