"""Whoever asks to be forgotten is: on the real homeserver, with the real service, from their own client."""

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest
from nio import DownloadResponse

from core.database import Database
from core.settings import Settings
from demo.client import Person
from demo.run import Demo
from records.sealing import ErasedError, Place, Vault

SECONDS = 90.0
PDF = b"%PDF-1.7\n" + bytes(100_000)


async def test_the_bot_leaves_the_files_are_gone_and_no_record_opens_any_more(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Person.registered(demo.homeserver.url, f"leaving-{uuid4().hex[:6]}", "pw") as patient:
        room = await patient.direct_room(demo.bot_id)
        await patient.hears(room=room)
        await patient.ask(room, "name Vera Lind", "Vera Lind")
        await patient.ask(room, "allergies penicillin", "penicillin")
        since = len(patient.heard)
        await patient.send_file(room, PDF, "letter.pdf", "application/pdf")
        await patient.hears("letter.pdf", room=room, since=since, seconds=SECONDS)
        with psycopg.connect(demo.postgres.url("careconnect"), autocommit=True) as database:
            person, own = subjects(database, patient.mxid)
            assert count(
                database, "SELECT count(*) FROM file_piece JOIN file ON file.id = file_id WHERE sender_id = %s", person
            )
            media = [
                row[0]
                for row in database.execute("SELECT media_id FROM matrix_sent_file WHERE person_id = %s", (person,))
            ]
            assert len(media) == 1
            assert await is_there(patient, media[0])
            assert count(
                database, "SELECT count(*) FROM keys.subject_key WHERE subject = %s AND wrapped IS NOT NULL", own
            )

            await patient.ask(room, "forget me", "This erases all that I hold on you")
            await patient.ask(room, "forget me for good", "You are forgotten here", SECONDS)
            for _ in range(90):
                members = await patient.client.joined_members(room)
                if demo.bot_id not in {each.user_id for each in members.members}:
                    break
                await asyncio.sleep(1)
            else:
                pytest.fail("the bot stayed in the room")

            noted = "SELECT count(*) FROM matrix_sent_file WHERE person_id = %s"
            for _ in range(90):
                if not await is_there(patient, media[0]) and not count(database, noted, person):
                    break  # it is gone from there before that is written down
                await asyncio.sleep(1)
            else:
                pytest.fail("the file stayed on the homeserver, or its note here")
            for subject in (person, own):
                alive = "SELECT count(*) FROM keys.subject_key WHERE subject = %s AND wrapped IS NOT NULL"
                assert count(database, alive, subject) == 0
            assert (
                count(
                    database,
                    "SELECT count(*) FROM file_piece JOIN file ON file.id = file_id WHERE sender_id = %s",
                    person,
                )
                == 0
            )
            assert count(database, "SELECT count(*) FROM person WHERE mxid = %s", patient.mxid) == 0
            for table in ("dialogue", "direct_room"):
                assert count(database, f"SELECT count(*) FROM {table} WHERE person_id = %s", person) == 0
            monkeypatch.setenv("CARECONNECT_CONFIG", str(demo.folder / "careconnect.toml"))
            await nothing_opens(Settings(), database, own)

        again = await patient.direct_room(demo.bot_id)
        assert "Vera" not in (await patient.ask(again, "allergies", "allergies", SECONDS)).body


async def is_there(person: Person, media_id: str) -> bool:
    """Whether the homeserver hands a file out."""
    server = person.mxid.partition(":")[2]
    found = await person.client.download(f"mxc://{server}/{media_id}")
    return isinstance(found, DownloadResponse)


def subjects(database: psycopg.Connection, mxid: str) -> tuple[UUID, UUID]:
    """The two that things of theirs are sealed for: as one who talks, and as a patient."""
    row = database.execute(
        "SELECT person.id, patient.id FROM person JOIN patient ON person_id = person.id WHERE mxid = %s", (mxid,)
    ).fetchone()
    assert row
    return row[0], row[1]


def count(database: psycopg.Connection, query: str, value: object) -> int:
    row = database.execute(query, (value,)).fetchone()
    assert row
    return int(row[0])


async def nothing_opens(settings: Settings, database: psycopg.Connection, patient: UUID) -> None:
    """With all that the service itself has: its configuration, its database, and what is still sealed there."""
    row = database.execute("SELECT version, sealed FROM allergy_list WHERE patient_id = %s", (patient,)).fetchone()
    assert row
    vault, store = Vault.from_settings(settings.records), Database(settings.database.url.get_secret_value(), pool=4)
    try:
        async with store.transaction() as tx:
            with pytest.raises(ErasedError):
                await vault.open(tx, patient, Place("allergy_list", "sealed", patient, row[0]), row[1])
    finally:
        await vault.close()
        await store.close()
