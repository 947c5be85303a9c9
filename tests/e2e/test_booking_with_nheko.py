"""A visit is found, booked and paid with nheko: a client of its own, on libolm, whose window nobody has to see."""

from pathlib import Path
from uuid import uuid4

import psycopg

from demo.run import Demo
from demo.spoken import address_in, choice_of, code_in, time_in
from demo.stripe.payer import pay
from tests.e2e.nheko import Nheko


async def test_a_visit_is_booked_with_nheko(demo: Demo, tmp_path: Path) -> None:
    name = f"nora-{uuid4().hex[:6]}"
    patient = demo.homeserver.register(name, "pw-of-nora")
    doctor = demo.accounts.doctor.name
    async with Nheko(tmp_path / "nheko", demo.homeserver.url, name, "pw-of-nora") as nora:
        welcome = await nora.talk_with(demo.bot_id)
        # nheko tells of no message that more than ten events follow before its next sync, and a list has ten numbers.
        await nora.answer(welcome, "buttons none")
        chosen = await nora.hears("no buttons")
        await nora.answer(chosen, "help")
        helped = await nora.hears("appointments")
        await nora.answer(helped, "cardiologist near Berlin online under 60")
        found = await nora.hears(doctor)
        await nora.answer(found, str(choice_of(found.text, doctor)))
        times = await nora.hears("Answer with a number to book")
        await nora.answer(times, str(time_in(times.text)))
        card = await nora.hears("Held for you until")
        await pay(str(address_in(card.text, f":{demo.ports.stripe}/")))
        done = await nora.hears("Confirmed")
        assert code_in(done.text) == code_in(card.text)
        assert done.notification == card.notification, "the confirmation is an edit of what was held"
    assert said_in_clear(demo, patient) == []


def said_in_clear(demo: Demo, patient: str) -> list[tuple[str]]:
    """What the homeserver has of that talk that is not encrypted, beside the room's own state."""
    with psycopg.connect(demo.postgres.url("synapse")) as synapse:
        talk = synapse.execute(
            "SELECT type FROM events WHERE state_key IS NULL AND type NOT IN ('m.room.encrypted', 'm.reaction')"
            " AND room_id IN (SELECT room_id FROM room_memberships WHERE user_id = %s AND membership = 'join')",
            (patient,),
        )
        return talk.fetchall()
