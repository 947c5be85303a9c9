"""The directory on the real database: set up by those who may, found by the names people type, checked at the door."""

import base64
import os
from collections.abc import Awaitable
from uuid import UUID

import pytest
from pydantic import SecretStr

from booking.context import Context
from booking.directory.model import Centre, Mode, Payment, Practitioner, Service
from booking.directory.reading import (
    centre,
    centre_admins,
    centres_named,
    centres_of,
    practitioner,
    practitioner_person,
    practitioners_named,
    service,
    services_of,
)
from booking.directory.service import (
    add_centre_admin,
    add_practitioner,
    add_service,
    create_centre,
    edit_centre,
    edit_service,
    link_practitioner,
)
from booking.people.service import Person, person_of
from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from core.money import Money
from core.settings import MatrixSettings, RecordsSettings, Settings
from records.sealing import Vault

PAUL, CLARA, OSEI, ANNA = "@paul:localhost", "@clara:localhost", "@dr.osei:localhost", "@anna:localhost"


@pytest.fixture
def ctx() -> Context:
    settings = Settings(
        matrix=MatrixSettings(platform_admins=[PAUL]),
        records=RecordsSettings(key=SecretStr(base64.b64encode(os.urandom(32)).decode())),
    )
    return Context(Vault.from_settings(settings.records), settings)


async def a_centre(tx: Tx, ctx: Context, name: str = "Berlin Heart Centre", city: str = "Berlin") -> Centre:
    paul = await person_of(tx, ctx, PAUL)
    return await create_centre(tx, ctx, paul, name=name, city=city, street="Kantstraße 78")


async def a_doctor(tx: Tx, ctx: Context, at: Centre, name: str = "Dr Ama Osei") -> Practitioner:
    paul = await person_of(tx, ctx, PAUL)
    return await add_practitioner(
        tx, ctx, paul, at.id, name=name, specialties=["heart"], languages=["English", "de"], gender="f"
    )


async def a_service(
    tx: Tx, ctx: Context, doctor: Practitioner, at: Centre, actor: str = PAUL, **how: object
) -> Service:
    what: dict[str, object] = {"minutes": 20, "price": Money("EUR", 48_00), "mode": Mode.ONLINE, **how}
    return await add_service(
        tx,
        ctx,
        await person_of(tx, ctx, actor),
        practitioner_id=doctor.id,
        centre_id=at.id,
        name="Online consultation",
        **what,  # type: ignore[arg-type]
    )


async def refused(doing: Awaitable[object], error: type[Exception] = RefusedError) -> None:
    with pytest.raises(error):
        await doing


@pytest.mark.parametrize(
    ("city", "country", "timezone", "currency"),
    [
        ("berlin", "DE", "Europe/Berlin", "EUR"),
        ("Zürich", "CH", "Europe/Zurich", "CHF"),
        ("Kuala Lumpur", "MY", "Asia/Kuala_Lumpur", "MYR"),
        ("accra", "GH", "Africa/Accra", "GHS"),
        ("New York", "US", "America/New_York", "USD"),
        ("Tokyo", "JP", "Asia/Tokyo", "JPY"),
    ],
)
async def test_a_centre_takes_its_zone_and_currency_from_its_city(
    database: Database, ctx: Context, city: str, country: str, timezone: str, currency: str
) -> None:
    async with database.transaction() as tx:
        made = await a_centre(tx, ctx, city=city)
        assert await centre(tx, made.id) == made
    assert (made.country, made.timezone, made.currency) == (country, timezone, currency)
    assert made.slug == "berlin.heart.centre"


async def test_coordinates_and_currency_can_be_given(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        made = await create_centre(
            tx, ctx, await person_of(tx, ctx, PAUL), name="Centre", city="Berlin", street="Am Ufer 1",
            coordinates=(52.5069, 13.3014), currency="chf",
        )  # fmt: skip
    assert (made.latitude, made.longitude, made.currency) == (52.5069, 13.3014, "CHF")


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"name": "x" * 200}, {"city": "Nowhereville"}, {"street": ""}, {"currency": "EURO"},
     {"currency": "XQZ"}, {"coordinates": (91.0, 0.0)}, {"coordinates": (float("nan"), 0.0)}],
)  # fmt: skip
async def test_a_centre_that_cannot_be_is_refused(database: Database, ctx: Context, wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "Centre", "city": "Berlin", "street": "Am Ufer 1"}
    async with database.transaction() as tx:
        paul = await person_of(tx, ctx, PAUL)
        await refused(create_centre(tx, ctx, paul, **(good | wrong)), BadInputError)  # type: ignore[arg-type]
        assert await centres_named(tx, "Centre") == []


async def test_there_is_one_centre_of_a_name(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        await a_centre(tx, ctx)
        await refused(a_centre(tx, ctx, name="berlin heart centre"), ConflictError)


async def test_an_admin_runs_their_own_centre_and_no_other(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        own, other = await a_centre(tx, ctx), await a_centre(tx, ctx, name="Other Centre")
        await add_centre_admin(tx, ctx, await person_of(tx, ctx, PAUL), own.id, CLARA)
        clara = await person_of(tx, ctx, CLARA)
        assert clara.administers == {own.id}
        assert await centre_admins(tx, own.id) == [clara.id]
        assert await centre_admins(tx, other.id) == []
        edited = await edit_centre(tx, ctx, clara, own.id, cancel_hours=48, late_refund_percent=50, phone=" 030  1 ")
        assert (edited.cancel_hours, edited.late_refund_percent, edited.phone) == (48, 50, "030 1")
        await add_centre_admin(tx, ctx, clara, own.id, ANNA)
        assert (await person_of(tx, ctx, ANNA)).administers == {own.id}
        await refused(edit_centre(tx, ctx, clara, other.id, cancel_hours=0))
        await refused(add_centre_admin(tx, ctx, clara, other.id, ANNA))


async def test_nobody_without_a_role_sets_anything_up_nor_learns_what_there_is(
    database: Database, ctx: Context
) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        doctor = await a_doctor(tx, ctx, at)
        offered = await a_service(tx, ctx, doctor, at)
        anna = await person_of(tx, ctx, ANNA)
        sentences = set()
        for centre_id, doctor_id, service_id in [(at.id, doctor.id, offered.id), (new_id(), new_id(), new_id())]:
            for doing in (
                create_centre(tx, ctx, anna, name="Mine", city="Berlin", street="S"),
                edit_centre(tx, ctx, anna, centre_id, cancel_hours=0),
                add_centre_admin(tx, ctx, anna, centre_id, ANNA),
                add_practitioner(tx, ctx, anna, centre_id, name="Dr X", specialties=["heart"], languages=["en"]),
                link_practitioner(tx, ctx, anna, doctor_id, ANNA),
                _add_by(tx, ctx, anna, doctor_id, centre_id),
                edit_service(tx, ctx, anna, service_id, minutes=30),
            ):
                with pytest.raises(RefusedError) as no:
                    await doing
                sentences.add(str(no.value))
    assert len(sentences) == 1


async def _add_by(tx: Tx, ctx: Context, actor: Person, doctor_id: UUID, centre_id: UUID) -> Service:
    return await add_service(
        tx, ctx, actor, practitioner_id=doctor_id, centre_id=centre_id, name="X", minutes=20,
        price=Money("EUR", 1_00), mode=Mode.ONLINE,
    )  # fmt: skip


@pytest.mark.parametrize("limits", [{"cancel_hours": -1}, {"late_refund_percent": 101}, {"late_refund_percent": -1}])
async def test_a_centres_rules_have_limits(database: Database, ctx: Context, limits: dict[str, int]) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        await refused(edit_centre(tx, ctx, await person_of(tx, ctx, PAUL), at.id, **limits), BadInputError)  # type: ignore[arg-type]


async def test_a_doctor_is_added_by_words_and_linked_to_an_account_later(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        doctor = await a_doctor(tx, ctx, at)
        assert (doctor.slug, doctor.specialties, doctor.languages, doctor.gender) == (
            "dr.osei", ("cardiology",), ("en", "de"), "female",
        )  # fmt: skip
        assert await practitioner_person(tx, doctor.id) is None
        paul = await person_of(tx, ctx, PAUL)
        linked = await link_practitioner(tx, ctx, paul, doctor.id, OSEI)
        assert await practitioner(tx, doctor.id) == linked
        assert (await person_of(tx, ctx, OSEI)).practitioner_id == doctor.id
        assert await practitioner_person(tx, doctor.id) == (await person_of(tx, ctx, OSEI)).id
        assert await link_practitioner(tx, ctx, paul, doctor.id, OSEI) == linked
        assert [each.id for each in await centres_of(tx, doctor.id)] == [at.id]


async def test_an_account_is_one_doctor_and_a_doctor_one_account(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        one, other = await a_doctor(tx, ctx, at), await a_doctor(tx, ctx, at, name="Dr Ben Roth")
        await add_centre_admin(tx, ctx, await person_of(tx, ctx, PAUL), at.id, CLARA)
        clara = await person_of(tx, ctx, CLARA)
        await link_practitioner(tx, ctx, await person_of(tx, ctx, PAUL), one.id, OSEI)
        await refused(link_practitioner(tx, ctx, clara, other.id, OSEI), ConflictError)
        await refused(link_practitioner(tx, ctx, clara, one.id, CLARA), ConflictError)
        assert (await person_of(tx, ctx, CLARA)).practitioner_id is None
        assert (await person_of(tx, ctx, OSEI)).practitioner_id == one.id


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"specialties": ["astrology"]}, {"specialties": []}, {"languages": ["klingon"]},
     {"gender": "cat"}, {"mxid": "osei"}],
)  # fmt: skip
async def test_a_doctor_that_cannot_be_is_refused(database: Database, ctx: Context, wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "Dr Ama Osei", "specialties": ["cardiology"], "languages": ["en"]}
    async with database.transaction() as tx:
        at, paul = await a_centre(tx, ctx), await person_of(tx, ctx, PAUL)
        await refused(add_practitioner(tx, ctx, paul, at.id, **(good | wrong)), BadInputError)  # type: ignore[arg-type]


async def test_a_service_is_kept_as_it_was_added(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        doctor = await a_doctor(tx, ctx, at)
        online = await a_service(tx, ctx, doctor, at)
        desk = await a_service(
            tx, ctx, doctor, at, mode=Mode.IN_PERSON, payment=Payment.DESK, grid_minutes=10, buffer_after=5
        )
        assert await service(tx, online.id) == online
        assert await services_of(tx, doctor.id) == [online, desk]
        assert await services_of(tx, doctor.id, at.id) == [online, desk]
        assert await services_of(tx, doctor.id, new_id()) == []
    assert (online.specialty, online.grid_minutes, online.price) == ("cardiology", 20, Money("EUR", 48_00))
    assert (desk.payment, desk.grid_minutes, desk.buffer_after) == (Payment.DESK, 10, 5)


WRONG = [
    {"minutes": 4}, {"minutes": 481}, {"minutes": -20}, {"price": Money("EUR", -1)}, {"price": Money("EUR", 10**9)},
    {"price": Money("USD", 48_00)}, {"price": Money("EUR", 49)}, {"grid_minutes": 4}, {"buffer_before": -1},
    {"buffer_after": 241}, {"min_notice_minutes": -1}, {"window_days": 0}, {"specialty": "astrology"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_service_that_cannot_be_is_neither_added_nor_made(
    database: Database, ctx: Context, wrong: dict[str, object]
) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        doctor = await a_doctor(tx, ctx, at)
        await refused(a_service(tx, ctx, doctor, at, **wrong), BadInputError)  # type: ignore[arg-type]
        made = await a_service(tx, ctx, doctor, at)
        paul = await person_of(tx, ctx, PAUL)
        await refused(edit_service(tx, ctx, paul, made.id, **wrong), BadInputError)  # type: ignore[arg-type]
        assert await services_of(tx, doctor.id) == [made]


async def test_a_free_service_and_one_of_an_hour_at_the_desk_are_possible(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        doctor = await a_doctor(tx, ctx, at)
        free = await a_service(tx, ctx, doctor, at, price=Money("EUR", 0))
        paul = await person_of(tx, ctx, PAUL)
        edited = await edit_service(
            tx, ctx, paul, free.id, name=" Long  visit ", minutes=60, price=Money("EUR", 49), payment=Payment.DESK,
            specialty="skin",
        )  # fmt: skip
        assert await service(tx, free.id) == edited
        assert (edited.name, edited.minutes, edited.price.amount, edited.specialty) == (
            "Long visit", 60, 49, "dermatology",
        )  # fmt: skip
        await edit_service(tx, ctx, paul, free.id, active=False)
        assert await services_of(tx, doctor.id) == []


async def test_a_service_is_offered_only_where_its_doctor_works(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at, elsewhere = await a_centre(tx, ctx), await a_centre(tx, ctx, name="Elsewhere")
        doctor = await a_doctor(tx, ctx, at)
        await refused(a_service(tx, ctx, doctor, elsewhere), BadInputError)


async def test_doctors_and_centres_are_found_by_what_people_type(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        heart, alster = await a_centre(tx, ctx), await a_centre(tx, ctx, name="Alster Health Centre", city="Hamburg")
        osei = await a_doctor(tx, ctx, heart)
        roth = await a_doctor(tx, ctx, alster, name="Dr Benedikt Roth")
        for typed in ("dr osei", "osei", "dr.osei", "Dr. Ama Osei", "OSEY", "Oesi ama"):
            found = await practitioners_named(tx, typed)
            assert [each.id for each in found] == [osei.id], typed
        assert [each.id for each in await practitioners_named(tx, "roth", alster.id)] == [roth.id]
        assert await practitioners_named(tx, "roth", heart.id) == []
        assert await practitioners_named(tx, "dr nobody") == []
        for typed in ("berlin heart centre", "heart centre", "berlin.heart.centre", "berlin haert"):
            found_centres = await centres_named(tx, typed)
            assert found_centres[:1] == [heart], typed
        assert await centres_named(tx, "Munich dental") == []


async def test_two_doctors_of_a_name_have_short_names_of_their_own(database: Database, ctx: Context) -> None:
    async with database.transaction() as tx:
        at = await a_centre(tx, ctx)
        slugs = [(await a_doctor(tx, ctx, at, name)).slug for name in ("Dr Ama Osei", "Dr Kofi Osei", "Dr Kofi Osei")]
        assert slugs == ["dr.osei", "dr.kofi.osei", "dr.kofi.osei2"]
        assert len(await practitioners_named(tx, "osei")) == 3
        assert next(each.slug for each in await practitioners_named(tx, "dr.osei")) == "dr.osei"


async def test_unknown_ids_are_refused(database: Database) -> None:
    async with database.transaction() as tx:
        for reading in (centre, practitioner, service):
            await refused(reading(tx, new_id()))
