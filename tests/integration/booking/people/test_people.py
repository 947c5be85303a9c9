"""People on the real database: made at first sight, their names sealed, their family and roles found."""

import asyncio
import base64
import os
from datetime import date

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from booking.context import Context
from booking.people.service import (
    add_family_member,
    guardians_of,
    language_of,
    patient_name,
    person_by_id,
    person_of,
    set_language,
    set_name,
    set_reminders,
    set_timezone,
)
from core.database import Database
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from core.settings import BookingSettings, MatrixSettings, RecordsSettings, Settings
from records.sealing import Vault

ANNA, PAUL = "@anna:localhost", "@paul:localhost"


@pytest.fixture
def ctx() -> Context:
    settings = Settings(
        matrix=MatrixSettings(platform_admins=[PAUL]),
        records=RecordsSettings(key=SecretStr(base64.b64encode(os.urandom(32)).decode())),
        booking=BookingSettings(timezone="Europe/Vienna", language="de", reminder_minutes=[120]),
    )
    return Context(Vault.from_settings(settings.records), settings)


async def test_a_person_is_made_at_first_sight_with_the_defaults_of_the_settings(
    database: Database, ctx: Context
) -> None:
    async with database.transaction() as tx:
        first = await person_of(tx, ctx, ANNA, display_name=" Anna  Weber ")
    async with database.transaction() as tx:
        again = await person_of(tx, ctx, ANNA, display_name="Another Name")
        assert await person_by_id(tx, ctx, first.id) == first
    assert again == first
    assert first.name == first.patient.name == "Anna Weber"
    assert (first.timezone, first.timezone_chosen, first.language) == ("Europe/Vienna", False, "de")
    assert first.reminder_minutes == (120,)
    assert first.family == ()
    assert first.practitioner_id is None
    assert not first.administers
    assert not first.platform_admin


async def test_two_first_messages_at_once_make_one_person(database: Database, ctx: Context) -> None:
    async def first() -> object:
        async with database.transaction() as tx:
            return (await person_of(tx, ctx, ANNA, display_name="Anna")).id

    assert len(set(await asyncio.gather(*(first() for _ in range(6))))) == 1
    async with database.transaction() as tx:
        assert (await tx.conn.execute(text("SELECT count(*) FROM person"))).scalar_one() == 1
        assert (await tx.conn.execute(text("SELECT count(*) FROM patient"))).scalar_one() == 1


async def test_a_platform_admin_is_who_the_settings_name(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        assert (await person_of(tx, ctx, PAUL)).platform_admin


async def test_what_a_person_chooses_is_kept(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        anna = await person_of(tx, ctx, ANNA)
        await set_name(tx, ctx, anna, "  Anna Müller ")
        await set_timezone(tx, ctx, anna, "asia/kuala lumpur")
        await set_language(tx, ctx, anna, "Malay")
        chosen = await set_reminders(tx, ctx, anna, [15, 2880])
    async with database.transaction() as tx:
        assert await person_of(tx, ctx, ANNA, display_name="anna") == chosen
        assert [await language_of(tx, ctx, each) for each in (ANNA, "@unknown:localhost")] == ["ms", "de"]
    assert chosen.name == "Anna Müller"
    assert (chosen.timezone, chosen.timezone_chosen) == ("Asia/Kuala_Lumpur", True)
    assert chosen.language == "ms"
    assert chosen.reminder_minutes == (2880, 15)


async def test_no_reminders_is_a_choice_too(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        anna = await person_of(tx, ctx, ANNA)
        assert (await set_reminders(tx, ctx, anna, [])).reminder_minutes == ()


async def test_a_choice_that_cannot_be_is_refused_and_changes_nothing(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        anna = await person_of(tx, ctx, ANNA, display_name="Anna")
        for refused in (
            set_name(tx, ctx, anna, "  "),
            set_timezone(tx, ctx, anna, "Mars/Base"),
            set_language(tx, ctx, anna, "klingon"),
            set_reminders(tx, ctx, anna, [-1]),
            add_family_member(tx, ctx, anna, "Ben", date(2999, 1, 1)),
        ):
            with pytest.raises(BadInputError):
                await refused
        assert await person_of(tx, ctx, ANNA) == anna


async def test_a_family_member_is_a_patient_whose_guardian_one_is(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        anna = await person_of(tx, ctx, ANNA, display_name="Anna")
        ben = await add_family_member(tx, ctx, anna, "Ben", date(2018, 5, 4))
        cleo = await add_family_member(tx, ctx, anna, "Cleo", None)
        with pytest.raises(ConflictError):
            await add_family_member(tx, ctx, await person_of(tx, ctx, ANNA), "Ben", None)
    async with database.transaction() as tx:
        anna = await person_of(tx, ctx, ANNA)
        assert {*anna.family} == {ben, cleo}
        assert await guardians_of(tx, ben.id) == [anna.id]
        assert await guardians_of(tx, anna.patient.id) == [anna.id]
        assert await patient_name(tx, ctx, ben.id) == "Ben"
        assert await patient_name(tx, ctx, anna.patient.id) == "Anna"
        assert (await person_of(tx, ctx, PAUL)).family == ()


async def test_names_and_dates_of_birth_lie_sealed_in_the_tables(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        anna = await set_name(tx, ctx, await person_of(tx, ctx, ANNA), "Marker Weber")
        await add_family_member(tx, ctx, anna, "Marker Kid", date(2018, 5, 4))
    async with database.transaction() as tx:
        for table in ("person", "patient", "guardian"):
            for row in await tx.conn.execute(text(f"SELECT * FROM {table}")):
                kept = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
                assert b"Marker" not in kept
                assert b"2018-05-04" not in kept


async def test_a_patient_without_a_name_has_one_to_be_called_by(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        nameless = await person_of(tx, ctx, ANNA)
        assert nameless.name is None
        assert await patient_name(tx, ctx, nameless.patient.id)
        assert await patient_name(tx, ctx, new_id())


async def test_an_unknown_person_is_refused(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        with pytest.raises(RefusedError):
            await person_by_id(tx, ctx, new_id())
