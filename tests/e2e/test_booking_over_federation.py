"""Somebody whose homeserver is another one books a visit and talks with a doctor of ours, as our own people do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.database import Database
from demo.certificates import Certificates
from demo.client import PATIENCE
from demo.spoken import address_in, choice_of, code_in, time_in
from demo.stripe.payer import pay
from tests.conftest import HomeserverFactory
from tests.e2e.element import Element
from tests.e2e.federating import Clinic


@pytest.fixture
async def clinic(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, database_url: str, database: Database
) -> AsyncIterator[Clinic]:
    made = Clinic(tmp_path_factory.mktemp("clinic"), certificates, database_url)
    try:
        await made.start(database)
        yield made
    finally:
        made.stop()


async def test_somebody_of_another_homeserver_books_pays_and_talks_with_the_doctor(
    clinic: Clinic, start_homeserver: HomeserverFactory, certificates: Certificates
) -> None:
    elsewhere = start_homeserver(certificates=certificates)
    patient = elsewhere.register("fritz", "pw-of-fritz")
    async with Element() as fritz, Element() as doctor:
        await doctor.connect(clinic.homeserver.url, clinic.doctor.localpart, clinic.doctor.password, strict=True)
        await fritz.connect(elsewhere.url, "fritz", "pw-of-fritz", strict=True)
        room = await fritz.dm(clinic.bot_id)
        await fritz.wait(room, sender=clinic.bot_id)

        await fritz.say(room, "cardiologist near Berlin online under 60")
        found = await fritz.wait(room, contains=clinic.doctor.name)
        await fritz.say(room, str(choice_of(found.body, clinic.doctor.name)))
        times = await fritz.wait(room, contains="1. ")
        await fritz.say(room, str(time_in(times.body)))
        card = await fritz.wait(room, contains="Held for you until")
        await pay(str(address_in(f"{card.body} {card.html}", f":{clinic.stripe.port}/")))
        done = await fritz.wait(room, contains="Confirmed")
        assert done.replaces == card.event
        for heard in (found, card, done):
            assert (heard.encrypted, await fritz.shield(heard)) == (True, "NONE")

        await fritz.wait(room, contains=f"you are invited to its room, “Visit {code_in(done.body)}”")
        visit = await fritz.join()
        while await doctor.join() != visit:  # the bot has invited the doctor too, to tell of the booking
            pass
        both = {patient, clinic.doctor.mxid}
        async with asyncio.timeout(PATIENCE):  # until each server knows who is there, and the keeper has left
            while await fritz.members(visit) != both or await doctor.members(visit) != both:
                await asyncio.sleep(0.2)
        await doctor.say(visit, "Good day! What brings you here?")
        asked = await fritz.wait(visit, contains="brings you")
        assert (asked.sender, asked.encrypted, await fritz.shield(asked)) == (clinic.doctor.mxid, True, "NONE")
        await fritz.say(visit, "My heart beats fast.")
        answered = await doctor.wait(visit, contains="beats fast")
        assert (answered.sender, answered.encrypted, await doctor.shield(answered)) == (patient, True, "NONE")
        assert [await fritz.undecryptable(room), await fritz.undecryptable(visit)] == [[], []]
        assert await doctor.undecryptable(visit) == []
