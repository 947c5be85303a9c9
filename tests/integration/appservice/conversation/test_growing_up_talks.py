"""A child comes of age: its parents read no more, and it takes its records over, with a code and its date of birth."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from appservice.matrix.registry import Registry
from booking.appointments.desk import known_patient
from booking.appointments.model import Appointment, appointment
from booking.appointments.reading import found_appointments
from booking.appointments.rules import Status
from booking.consultations.due import open_due
from booking.consultations.service import guests_of
from booking.consultations.steps import REGROUP
from booking.handover.service import tell_of_age
from booking.people.model import guardian
from booking.readers import reader_of
from core.outbox import outbox
from records.audit.model import audit_event
from records.audit.service import looked_at
from records.consents.model import consent
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import NEAR
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

MIA = "@mia:localhost"
CODE = re.compile(r"(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}")


@pytest.fixture
async def records(chat: Chat, town: Town) -> str:
    """Anna's daughter Mia comes of age on 2 December; she has allergies, and a visit on the 1st. Returns its code."""
    await chat.say(ANNA, "add family Mia Lind 2008-12-02")
    await chat.say(ANNA, "allergies for Mia: penicillin")
    for said in (f"{NEAR} for Mia", "1", "1"):
        await chat.say(ANNA, said)
    found = re.search(r"Visit (\w{6})", (await chat.notices())[ANNA][0].text)
    assert found
    return found[1]


async def given(chat: Chat, visit: str) -> str:
    said = await chat.say(CLARA, f"hand records to {visit}")
    code = CODE.search(said)
    assert code, said
    return code[0]


async def visits_of(chat: Chat, mxid: str) -> list[Appointment]:
    own = (await chat.person(mxid)).patient.id
    async with chat.database.transaction() as tx:
        found = await found_appointments(tx, appointment.c.patient_id == own)
    assert found
    return found


async def test_on_the_day_the_parent_reads_no_more_and_is_told_once(chat: Chat, town: Town, records: str) -> None:
    assert "penicillin" in await chat.say(ANNA, "allergies for Mia")
    async with chat.database.transaction() as tx:
        assert await tell_of_age(tx, chat.ctx) == 1
        assert await tell_of_age(tx, chat.ctx) == 0  # once a day
    assert await chat.notices() == {}
    town.clock.time = at(2, 8)
    assert "penicillin" not in await chat.say(ANNA, "allergies for Mia")
    async with chat.database.transaction() as tx:
        assert await tell_of_age(tx, chat.ctx) == 1
    told = (await chat.notices())[ANNA][0].text
    assert "Mia Lind is of age now. You do not see their records any more" in told
    assert "with a code that their clinic gives them" in told
    town.clock.time = at(3, 8)
    async with chat.database.transaction() as tx:
        assert await tell_of_age(tx, chat.ctx) == 0


async def test_nothing_is_handed_over_before_the_day(chat: Chat, records: str) -> None:
    assert "come of age on 2026-12-02" in await chat.say(CLARA, f"hand records to {records}")


async def test_with_code_and_birthday_the_grown_up_takes_the_records_over(chat: Chat, town: Town, records: str) -> None:
    town.clock.time = at(2, 8)
    code = await given(chat, records)
    assert "When were you born?" in await chat.say(MIA, f"take over {code}", name="Mia")
    said = await chat.say(MIA, "2008-12-02")
    assert "The records of Mia Lind are yours now" in said
    assert "penicillin" in await chat.say(MIA, "allergies")
    told = (await chat.notices())[ANNA][0].text
    assert f"Mia Lind has taken over the records that you kept for them, from the account {MIA}" in told
    assert "You book for yourself alone" in await chat.say(ANNA, "family")
    assert "penicillin" not in await chat.say(ANNA, "allergies for Mia")
    assert "may not do that" in await chat.say(ANNA, f"reason {records}")
    assert "may not do that" not in await chat.say(MIA, f"reason {records}")
    assert {each.booked_by for each in await visits_of(chat, MIA)} == {(await chat.person(MIA)).id}
    mia = await chat.person(MIA)
    assert mia.family == ()  # of the empty record from before nothing is left
    async with chat.database.transaction() as tx:
        entries = await looked_at(tx, await reader_of(tx, mia), mia.patient.id)
        assert {(each.actor, each.why) for each in entries if each.table == "handover"} == {
            ((await chat.person(CLARA)).id, "request"),
            (mia.id, "own"),
        }
    assert "good any more" in await chat.say(BEN, f"take over {code}, 2008-12-02", name="Ben")


async def test_what_the_account_had_before_stays_in_reach(chat: Chat, town: Town, records: str) -> None:
    await chat.say(MIA, "allergies nuts", name="Mia")
    town.clock.time = at(2, 8)
    code = await given(chat, records)
    assert "are yours now" in await chat.say(MIA, f"take over {code} born 2008-12-02")
    assert "penicillin" in await chat.say(MIA, "allergies")
    (before,) = (await chat.person(MIA)).family
    assert before.name == "Mia"
    assert "nuts" in await chat.say(MIA, "allergies for Mia")


async def test_a_wrong_birthday_takes_nothing_and_five_spoil_the_code(chat: Chat, town: Town, records: str) -> None:
    town.clock.time = at(2, 8)
    code = await given(chat, records)
    assert "does not fit the code" in await chat.say(BEN, f"take over {code} 2008-12-03", name="Ben")
    for _ in range(3):
        assert "does not fit the code" in await chat.say(BEN, "2008-12-04")
    assert "good no more" in await chat.say(BEN, "2008-12-05")
    assert "good any more" in await chat.say(MIA, f"take over {code} 2008-12-02", name="Mia")
    assert "Nothing is" in await chat.say(BEN, "allergies")
    async with chat.database.transaction() as tx:
        assert len((await tx.conn.execute(select(guardian))).all()) == 1


async def test_a_code_ends_with_the_next_one_with_time_and_is_not_for_who_gave_it(
    chat: Chat, town: Town, records: str
) -> None:
    town.clock.time = at(2, 8)
    first, second = await given(chat, records), await given(chat, records)
    assert "good any more" in await chat.say(MIA, f"take over {first} 2008-12-02", name="Mia")
    assert "from an account of their own" in await chat.say(CLARA, f"take over {second} 2008-12-02")
    town.clock.time += timedelta(days=15)
    assert "good any more" in await chat.say(MIA, f"take over {second} 2008-12-02")
    assert "Write the code that you were given" in await chat.say(MIA, "take over 1234")


async def test_only_a_centre_gives_the_code_as_a_parent_knows_the_birthday_too(
    chat: Chat, town: Town, records: str
) -> None:
    town.clock.time = at(2, 8)
    for mxid, whose in ((ANNA, "Mia"), (ANNA, records), (OSEI, records), (BEN, records)):
        assert "Only a clinic gives that code" in await chat.say(mxid, f"hand records to {whose}")
    code = await given(chat, records)
    assert "are yours now" in await chat.say(MIA, f"take over {code} 2008-12-02", name="Mia")
    assert "an account of their own" in await chat.say(CLARA, f"hand records to {records}")


async def test_what_the_centre_books_by_a_visit_of_the_past_is_not_told_to_who_kept_the_records(
    chat: Chat, town: Town, records: str
) -> None:
    town.clock.time = at(2, 8)
    async with chat.database.transaction() as tx:
        await tx.conn.execute(update(appointment).values(status=Status.FULFILLED))
    code = await given(chat, records)
    await chat.say(MIA, f"take over {code} 2008-12-02")
    (visit,) = await visits_of(chat, MIA)
    async with chat.database.transaction() as tx:
        service, osei = visit.service, await chat.person(OSEI)
        mia, anna = await chat.person(MIA), await chat.person(ANNA)
        assert visit.booked_by == anna.id  # as it was
        known = await known_patient(tx, chat.ctx, osei, service, visit.code)
    assert known.patient_id == mia.patient.id
    assert known.payer == mia.id


async def test_what_a_parent_shares_ends_on_the_day_and_the_grown_up_is_told_of_it(
    chat: Chat, town: Town, records: str
) -> None:
    said = await chat.say(ANNA, f"share allergies for Mia with {BEN} until 1 May 2027")
    assert "until 1 Dec 2026" in said
    assert "It ends then as they come of age" in said
    assert "until 1 Dec 2026" in await chat.say(ANNA, "yes")
    await chat.notices()
    assert "allergies" in await chat.say(BEN, "shared with me", name="Ben")
    ben, mia = await chat.person(BEN), (await chat.person(ANNA)).family[0].id
    async with chat.database.transaction() as tx:
        assert mia in {patient for patient, _ in (await reader_of(tx, ben)).consents}
    town.clock.time = at(2, 8)
    async with chat.database.transaction() as tx:  # without anybody having looked at it that day
        assert (await reader_of(tx, ben)).consents == frozenset()
    said = await chat.say(MIA, f"take over {await given(chat, records)} 2008-12-02", name="Mia")
    assert "This was shared in your name until you came of age, and is not any more" in said
    assert f"{BEN}: allergies" in said
    assert "until it is stopped" in await chat.say(MIA, f"share allergies with {BEN}")  # her own word has no such end


async def test_what_was_shared_without_an_end_ends_too_and_is_told(chat: Chat, town: Town, records: str) -> None:
    """As parents could until the end was set when they share."""
    await chat.say(ANNA, f"share allergies and files for Mia with {BEN}")
    await chat.say(ANNA, "yes")
    async with chat.database.transaction() as tx:
        await tx.conn.execute(update(consent).values(until=None))
    await chat.notices()
    town.clock.time = at(2, 8)
    async with chat.database.transaction() as tx:
        assert len((await reader_of(tx, await chat.person(BEN))).consents) == 2
        assert await tell_of_age(tx, chat.ctx) == 1
        assert (await reader_of(tx, await chat.person(BEN))).consents == frozenset()
    told = await chat.notices()
    assert "Mia Lind does not share this with you any more: files, allergies" in told[BEN][0].text
    assert "What you have shared of these records is not shared any more" in told[ANNA][0].text
    async with chat.database.transaction() as tx:
        noted = await tx.conn.execute(
            select(audit_event.c.id).where(audit_event.c.table_name == "consent", audit_event.c.actor.is_(None))
        )
        assert len(noted.all()) == 2
    said = await chat.say(MIA, f"take over {await given(chat, records)} 2008-12-02", name="Mia")
    assert f"{BEN}: files, allergies" in said


async def test_whoever_kept_the_records_leaves_the_room_of_the_visit(chat: Chat, town: Town, records: str) -> None:
    town.clock.time = at(1, 7)
    async with chat.database.transaction() as tx:
        assert await open_due(tx) == 1
        (visit,) = (await tx.conn.execute(select(appointment.c.id))).scalars()
    await chat.say(ANNA, f"bring in {records} {BEN} as family")
    async with chat.database.transaction() as tx:
        assert [each.mxid for each in await guests_of(tx, visit)] == [BEN]
    town.clock.time = at(2, 8)
    await chat.say(MIA, f"take over {await given(chat, records)} 2008-12-02", name="Mia")
    async with chat.database.transaction() as tx:
        assert await guests_of(tx, visit) == []
        asked = select(outbox.c.payload).where(outbox.c.kind == REGROUP)
        assert [json.loads(each)["appointment"] for each in (await tx.conn.execute(asked)).scalars()] == [str(visit)]
        belongs = await Registry(chat.ctx).visit(tx, visit)
        assert set(belongs.patient_side.values()) == {MIA}
        assert set(belongs.team) == {MIA, OSEI}


async def test_who_was_at_no_clinic_is_told_how_to_come_by_a_code(chat: Chat) -> None:
    assert "have who kept your records book a visit for you at any clinic" in await chat.say(MIA, "take over", name="M")
