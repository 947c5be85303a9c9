"""Somebody with the crypto that Element uses, in its strictest mode, books a visit and talks with the doctor."""

import asyncio
from uuid import uuid4

import psycopg

from appservice.outgoing import lane_of
from demo.client import PATIENCE
from demo.run import Demo
from demo.spoken import address_in, choice_of, code_in, time_in
from demo.stripe.payer import pay
from tests.e2e.element import Element


async def test_a_visit_is_booked_paid_and_talked_over(demo: Demo) -> None:
    name = f"elena-{uuid4().hex[:6]}"
    patient = demo.homeserver.register(name, "pw-of-elena")
    account = demo.accounts.doctor
    async with Element() as elena, Element() as doctor:
        await elena.connect(demo.homeserver.url, name, "pw-of-elena", strict=True)
        await doctor.connect(demo.homeserver.url, account.localpart, account.password, strict=True)
        room = await elena.dm(demo.bot_id)
        welcome = await elena.wait(room, sender=demo.bot_id)
        assert (welcome.encrypted, await elena.shield(welcome)) == (True, "NONE")

        await elena.say(room, "cardiologist near Berlin online under 60")
        found = await elena.wait(room, contains=account.name)
        await elena.say(room, str(choice_of(found.body, account.name)))
        times = await elena.wait(room, contains="1. ")
        await elena.say(room, str(time_in(times.body)))
        card = await elena.wait(room, contains="Held for you until")
        await pay(str(address_in(f"{card.body} {card.html}", f":{demo.ports.stripe}/")))
        done = await elena.wait(room, contains="Confirmed")
        assert done.replaces == card.event
        for heard in (found, card, done):
            assert (heard.encrypted, await elena.shield(heard)) == (True, "NONE")

        await elena.wait(room, contains=f"you are invited to its room, “Visit {code_in(done.body)}”")
        visit = await elena.join()
        while await doctor.join() != visit:  # the bot has invited the doctor too, to tell of the booking
            pass
        await doctor.say(visit, "Good day! What brings you here?")
        asked = await elena.wait(visit, contains="brings you")
        assert (asked.sender, asked.encrypted, await elena.shield(asked)) == (account.mxid, True, "NONE")
        await elena.say(visit, "My heart beats fast.")
        answered = await doctor.wait(visit, contains="beats fast")
        assert (answered.sender, answered.encrypted, await doctor.shield(answered)) == (patient, True, "NONE")

        assert [await elena.undecryptable(room), await elena.undecryptable(visit)] == [[], []]
        assert await doctor.undecryptable(visit) == []
        async with asyncio.timeout(PATIENCE):  # until the keeper has left
            while await elena.members(visit) != {patient, account.mxid}:
                await asyncio.sleep(0.2)
    nothing_was_overheard(demo, visit)


def nothing_was_overheard(demo: Demo, visit: str) -> None:
    """careConnect has of that room only who came, no key to it, and the one who made it owns no device."""
    with psycopg.connect(demo.postgres.url("careconnect")) as careconnect:
        kept = careconnect.execute("SELECT DISTINCT kind FROM inbox WHERE lane = %s", (lane_of(visit),))
        assert kept.fetchall() == [("matrix.member",)]
        keys = careconnect.execute("SELECT count(*) FROM matrix_megolm_session WHERE room_id = %s", (visit,))
        assert keys.fetchone() == (0,)
    with psycopg.connect(demo.postgres.url("synapse")) as synapse:
        stayed = "SELECT user_id FROM local_current_membership WHERE room_id = %s AND membership = 'join'"
        keeper = demo.settings.matrix.keeper_id
        assert not {demo.bot_id, keeper} & {who for (who,) in synapse.execute(stayed, (visit,))}
        devices = "SELECT DISTINCT user_id FROM e2e_device_keys_json WHERE user_id IN (%s, %s)"
        assert synapse.execute(devices, (demo.bot_id, keeper)).fetchall() == [(demo.bot_id,)]
