"""A clinic admin finds a patient by name over the blind index; names stay sealed, and the index follows them."""

import pytest
from sqlalchemy import select, update

from booking.appointments.model import appointment
from booking.directory.model import centre
from booking.lookup.model import patient_lookup
from booking.lookup.service import Filling
from core.database import Tx
from core.ids import new_id
from records.audit.model import audit_event
from records.blind import SUBJECT
from records.rotation.service import Level, start, step
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, HOUR, OSEI, PAUL
from tests.integration.booking.town import Town


@pytest.fixture
async def code(chat: Chat) -> str:
    """Anna Lind's visit at Clara's centre."""
    await chat.say(ANNA, "name Anna Lind")
    return await book(chat)


async def rows(tx: Tx) -> list[tuple[int, bytes | None]]:
    found = await tx.conn.execute(select(patient_lookup.c.key_number, patient_lookup.c.name))
    return [(row.key_number, row.name) for row in found]


async def test_a_patient_is_found_by_the_whole_name(chat: Chat, code: str) -> None:
    said = await chat.say(CLARA, "patient Anna Lind")
    assert "One patient of that name at Berlin Heart Centre" in said
    assert f"Anna Lind with Dr Ama Osei, visit {code}" in said
    for spelt in ("LIND, anna", "ánna lind at Berlin Heart Centre"):
        assert code in await chat.say(CLARA, f"patient {spelt}")
    for other in ("Anna", "Anna Linde"):
        assert "has had no patient called" in await chat.say(CLARA, f"patient {other}")
    assert "Write the patient's whole name" in await chat.say(CLARA, "patient")
    assert "@clara:localhost read the name, to find visits by it" in await chat.say(ANNA, "who looked")


async def test_nothing_of_health_and_nobody_who_was_not_there(chat: Chat, code: str) -> None:
    await chat.say(ANNA, f"reason {code} a cough")
    await chat.say(BEN, "name Ben Lind")
    assert "cough" not in await chat.say(CLARA, "patient Anna Lind")
    assert "has had no patient called" in await chat.say(CLARA, "patient Ben Lind")
    for other in (BEN, OSEI, PAUL):
        said = await chat.say(other, "patient Anna Lind")
        assert code not in said
        assert "of that name" not in said


async def test_only_at_a_centre_of_ones_own(chat: Chat, code: str) -> None:
    async with chat.database.transaction() as tx:
        names = (await tx.conn.execute(select(centre.c.name))).scalars().all()
    others = [name for name in names if name != "Berlin Heart Centre"]
    assert others
    for name in others:
        assert "may not do that" in await chat.say(CLARA, f"patient Anna Lind at {name}")


async def test_the_index_holds_no_name_and_follows_it(chat: Chat, code: str) -> None:
    await chat.say(CLARA, "patient Anna Lind")
    async with chat.database.transaction() as tx:
        ((_, before),) = await rows(tx)
        assert before is not None
        assert len(before) == 8
    await chat.say(ANNA, "name Anna Berg")
    async with chat.database.transaction() as tx:
        assert await rows(tx) == []
        filling = Filling(chat.ctx)  # what the service does every few seconds, a centre at a time
        assert [await filling.look(tx) for _ in range(6)].count(1) == 1
        ((_, after),) = await rows(tx)
    assert after != before
    assert code in await chat.say(CLARA, "patient Anna Berg")
    assert "has had no patient called" in await chat.say(CLARA, "patient Anna Lind")


async def test_two_names_with_one_value_are_told_apart(chat: Chat, code: str) -> None:
    await chat.say(CLARA, "patient Anna Lind")
    ben = await _ben_was_there(chat)
    async with chat.database.transaction() as tx:
        filling = Filling(chat.ctx)
        for _ in range(6):
            await filling.look(tx)
        anna = select(patient_lookup.c.name).where(patient_lookup.c.patient_id != ben).scalar_subquery()
        await tx.conn.execute(update(patient_lookup).where(patient_lookup.c.patient_id == ben).values(name=anna))
    said = await chat.say(CLARA, "patient Anna Lind")
    assert "One patient of that name" in said
    assert "Ben" not in said


async def test_a_new_key_makes_it_anew(chat: Chat, town: Town, code: str) -> None:
    await chat.say(CLARA, "patient Anna Lind")
    async with chat.database.transaction() as tx:
        ((number, before),) = await rows(tx)
    town.clock.time += HOUR
    async with chat.database.transaction() as tx:
        rotation = await start(tx, chat.ctx.vault, Level.SUBJECTS, [SUBJECT])
    for _ in range(5):
        async with chat.database.transaction() as tx:
            await step(tx, chat.ctx.vault, rotation.id, limit=100)
    assert code in await chat.say(CLARA, "patient Anna Lind")
    async with chat.database.transaction() as tx:
        ((later, after),) = await rows(tx)
    assert later == number + 1
    assert after != before


async def test_who_is_forgotten_is_found_no_more(chat: Chat, code: str) -> None:
    await chat.say(CLARA, "patient Anna Lind")
    await chat.say(ANNA, "forget me")
    assert "You are forgotten here" in await chat.say(ANNA, "forget me for good")
    assert "has had no patient called" in await chat.say(CLARA, "patient Anna Lind")
    async with chat.database.transaction() as tx:
        assert [name for _, name in await rows(tx)] == [None]


async def test_a_look_is_noted(chat: Chat, code: str) -> None:
    anna, clara = await chat.person(ANNA), await chat.person(CLARA)
    await chat.say(CLARA, "patient Anna Lind")
    async with chat.database.transaction() as tx:
        found = await tx.conn.execute(
            select(audit_event.c.actor, audit_event.c.subject).where(audit_event.c.table_name == "patient")
        )
        assert [tuple(row) for row in found] == [(clara.id, anna.patient.id)]


async def _ben_was_there(chat: Chat) -> object:
    """A visit of Ben's like Anna's."""
    ben = (await chat.person(BEN)).patient.id
    await chat.say(BEN, "name Ben Berg")
    async with chat.database.transaction() as tx:
        (row,) = (await tx.conn.execute(select(appointment))).all()
        values = {**row._mapping, "id": new_id(), "code": "BEN123", "patient_id": ben, "reason": None}
        await tx.conn.execute(appointment.insert().values(**values))
    return ben
