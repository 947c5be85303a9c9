"""The demo's directory in a real database: enough to choose from, bookable at any hour, unchanged by a repeat."""

import base64
import os
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from booking.context import Context
from booking.directory import model
from booking.directory.model import Mode, Payment, Service
from booking.directory.reading import service_from
from booking.people.service import person_of
from booking.schedules.model import weekly_hours
from booking.schedules.service import free_times
from core.database import Database, Tx
from core.settings import MatrixSettings, RecordsSettings, Settings
from demo.accounts import Accounts, new_accounts
from demo.seed import seed
from records.sealing import Vault


class StoppedClock:
    """Tells one time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def accounts() -> Accounts:
    return new_accounts("localhost")


@pytest.fixture
async def ctx(database: Database, accounts: Accounts) -> Context:
    """What the services need, with a directory in the database."""
    matrix = MatrixSettings(platform_admins=[accounts.platform_admin.mxid])
    records = RecordsSettings(key=SecretStr(base64.b64encode(os.urandom(32)).decode()))
    ctx = Context(Vault.from_settings(records), Settings(matrix=matrix))
    await seed(database, ctx, accounts)
    return ctx


async def _all(database: Database, table: str) -> list[Any]:
    async with database.transaction() as tx:
        return sorted(map(tuple, await tx.conn.execute(text(f"SELECT * FROM {table}"))), key=str)


async def _round_the_clock(tx: Tx, specialty: str) -> Service:
    """The cheapest online service of a specialty in Berlin."""
    found = await tx.conn.execute(
        select(model.service)
        .join(model.centre, model.centre.c.id == model.service.c.centre_id)
        .where(
            model.centre.c.city == "Berlin", model.service.c.specialty == specialty, model.service.c.mode == Mode.ONLINE
        )
        .order_by(model.service.c.min_notice_minutes)
        .limit(1)
    )
    return service_from(found.one())


async def test_the_demo_has_centres_doctors_and_services_enough_to_choose_from(
    database: Database, ctx: Context
) -> None:
    async with database.transaction() as tx:
        centres = (await tx.conn.execute(select(model.centre))).all()
        doctors = (await tx.conn.execute(select(model.practitioner))).all()
        services = (await tx.conn.execute(select(model.service))).all()
        hours = (await tx.conn.execute(select(weekly_hours))).all()
    cities = Counter(centre.city for centre in centres)
    assert len(centres) >= 12
    assert cities["Berlin"] >= 3
    assert {"Munich", "Hamburg", "Vienna", "London", "Paris", "Madrid", "Lisbon", "Accra", "Kuala Lumpur"} <= {*cities}
    assert {"EUR", "CHF", "GBP", "GHS", "MYR", "USD"} == {centre.currency for centre in centres}
    assert len({centre.timezone for centre in centres}) >= 8
    assert len(doctors) >= 60
    assert len({doctor.specialties[0] for doctor in doctors}) >= 15
    assert {service.mode for service in services} == {*Mode}
    assert {service.payment for service in services} == {*Payment}
    assert {service.practitioner_id for service in services} == {doctor.id for doctor in doctors}
    assert {span.practitioner_id for span in hours} == {doctor.id for doctor in doctors}
    currency_of = {centre.id: centre.currency for centre in centres}
    assert all(service.price_currency == currency_of[service.centre_id] for service in services)


async def test_a_second_seeding_changes_nothing(database: Database, ctx: Context, accounts: Accounts) -> None:
    tables = ("person", "patient", "centre", "centre_admin", "practitioner", "practitioner_role", "service")
    before = {table: await _all(database, table) for table in (*tables, "weekly_hours")}
    await seed(database, ctx, accounts)
    assert {table: await _all(database, table) for table in (*tables, "weekly_hours")} == before


@pytest.mark.parametrize("specialty", ["cardiology", "general-practice"])
async def test_at_any_hour_something_in_berlin_under_60_euros_begins_within_minutes(
    database: Database, ctx: Context, specialty: str
) -> None:
    midnight = database.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for hour in range(24):
        database.clock = StoppedClock(midnight + timedelta(hours=hour, minutes=53))
        async with database.transaction() as tx:
            service = await _round_the_clock(tx, specialty)
            starts = await free_times(tx, service, tx.now, tx.now + timedelta(hours=2))
            assert starts[0] - tx.now <= timedelta(minutes=10)
            assert len(starts) > 10
    assert service.price.currency == "EUR"
    assert service.price.amount < 60_00
    assert service.payment is Payment.PREPAY


async def test_the_accounts_of_the_demo_are_what_their_names_say(
    database: Database, ctx: Context, accounts: Accounts
) -> None:
    async with database.transaction() as tx:
        doctor, clinic, platform, patient = [
            await person_of(tx, ctx, account.mxid)
            for account in (accounts.doctor, accounts.clinic_admin, accounts.platform_admin, accounts.patient)
        ]
        service = await _round_the_clock(tx, "cardiology")
    assert doctor.practitioner_id == service.practitioner_id
    assert clinic.administers == {service.centre_id}
    assert platform.platform_admin
    assert patient.practitioner_id is None
    assert not patient.administers
    assert not patient.platform_admin
