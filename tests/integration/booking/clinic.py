"""A clinic with a doctor, patients and a clock that the test moves: the real services on the real database."""

import base64
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select

from booking.appointments import service as visits
from booking.appointments.service import Appointment
from booking.context import Context
from booking.directory.model import Centre, Mode, Payment, Practitioner, Service
from booking.directory.service import (
    add_centre_admin,
    add_practitioner,
    add_role,
    add_service,
    create_centre,
    edit_centre,
)
from booking.people.service import Person, add_family_member, person_of
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import free_times, is_free, set_hours
from core.database import Database, Tx
from core.lanes import Row
from core.money import Money
from core.outbox import outbox
from core.settings import Http, MatrixSettings, RecordsSettings, Settings, StripeSettings
from records.sealing import Vault

PAUL, CLARA, OSEI = "@paul:localhost", "@clara:localhost", "@dr.osei:localhost"
ANNA, BEN = "@anna:localhost", "@ben:localhost"
PRICE = Money("EUR", 48_00)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class MovedClock:
    """The machine's clock, and what the test put it ahead by."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move_to(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)


def context(stripe: StripeSettings | None = None, http: Http | None = None) -> Context:
    """Paul sets up centres."""
    settings = Settings(
        http=http or Http(),
        matrix=MatrixSettings(platform_admins=[PAUL]),
        records=RecordsSettings(key=SecretStr(base64.b64encode(os.urandom(32)).decode())),
        stripe=stripe or StripeSettings(),
    )
    return Context(Vault.from_settings(settings.records), settings)


class Clinic:
    """Dr Osei works every day round the clock; Clara runs the place; cancelling is free until a day before, then half.

    `online` is paid in advance, `desk` at the desk.
    """

    centre: Centre
    doctor: Practitioner
    online: Service
    desk: Service

    def __init__(self, database: Database, ctx: Context) -> None:
        self.database = database
        self.ctx = ctx
        self.clock = MovedClock()
        database.clock = self.clock

    async def open(self) -> "Clinic":
        async with self.database.transaction() as tx:
            paul = await person_of(tx, self.ctx, PAUL)
            self.centre = await create_centre(
                tx, self.ctx, paul, name="Berlin Heart Centre", city="Berlin", street="Kantstraße 78"
            )
            self.centre = await edit_centre(tx, self.ctx, paul, self.centre.id, cancel_hours=24, late_refund_percent=50)
            await add_centre_admin(tx, self.ctx, paul, self.centre.id, CLARA)
            self.doctor = await self.add_doctor(tx, "Dr Ama Osei", OSEI)
            self.online = await self.add_service(tx, self.doctor)
            self.desk = await self.add_service(tx, self.doctor, payment=Payment.DESK, mode=Mode.IN_PERSON)
        return self

    async def add_doctor(self, tx: Tx, name: str, mxid: str) -> Practitioner:
        paul = await person_of(tx, self.ctx, PAUL)
        doctor = await add_practitioner(
            tx, self.ctx, paul, self.centre.id, name=name, specialties=["heart"], languages=["en"], mxid=mxid
        )
        always = [WeeklySpan(weekday, 0, 1440) for weekday in range(7)]
        await set_hours(tx, self.ctx, paul, doctor.id, self.centre.id, always)
        return doctor

    async def add_service(self, tx: Tx, doctor: Practitioner, **how: Any) -> Service:
        what = {
            "minutes": 20,
            "price": PRICE,
            "mode": Mode.ONLINE,
            "buffer_after": 5,
            "grid_minutes": 30,
            "min_notice_minutes": 0,
            **how,
        }
        paul = await person_of(tx, self.ctx, PAUL)
        return await add_service(
            tx, self.ctx, paul, practitioner_id=doctor.id, centre_id=self.centre.id, name="A visit", **what
        )

    async def second_centre(self, admin: str) -> Service:
        """Another centre, at which the doctor works, too; returns what is offered there, paid at the desk."""
        async with self.tx() as tx:
            paul = await person_of(tx, self.ctx, PAUL)
            made = await create_centre(tx, self.ctx, paul, name="Spree Clinic", city="Berlin", street="Ufer 1")
            await add_centre_admin(tx, self.ctx, paul, made.id, admin)
            await add_role(tx, self.ctx, paul, self.doctor.id, made.id)
            always = [WeeklySpan(weekday, 0, 1440) for weekday in range(7)]
            await set_hours(tx, self.ctx, paul, self.doctor.id, made.id, always)
            return await add_service(
                tx,
                self.ctx,
                paul,
                practitioner_id=self.doctor.id,
                centre_id=made.id,
                name="A visit",
                price=PRICE,
                minutes=20,
                mode=Mode.IN_PERSON,
                payment=Payment.DESK,
                grid_minutes=30,  # as at the first one, so that a time of one is a time of the other
                min_notice_minutes=0,
            )

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Tx]:
        async with self.database.transaction() as tx:
            yield tx

    async def person(self, mxid: str = ANNA) -> Person:
        async with self.tx() as tx:
            return await person_of(tx, self.ctx, mxid)

    async def child_of(self, mxid: str, name: str = "Mia") -> UUID:
        async with self.tx() as tx:
            parent = await person_of(tx, self.ctx, mxid)
            return (await add_family_member(tx, self.ctx, parent, name, None)).id

    async def times(
        self, service: Service | None = None, *, after: timedelta = 3 * DAY, count: int = 5
    ) -> list[datetime]:
        async with self.tx() as tx:
            start = tx.now + after
            return await free_times(tx, service or self.desk, start, start + 2 * DAY, limit=count)

    async def is_free(self, start: datetime, service: Service | None = None) -> bool:
        async with self.tx() as tx:
            return await is_free(tx, service or self.desk, start)

    async def book(
        self,
        mxid: str = ANNA,
        *,
        service: Service | None = None,
        start: datetime | None = None,
        patient_id: UUID | None = None,
        reason: str | None = None,
    ) -> Appointment:
        service = service or self.desk
        start = start or (await self.times(service))[0]
        async with self.tx() as tx:
            actor = await person_of(tx, self.ctx, mxid)
            return await visits.book(
                tx,
                self.ctx,
                actor,
                service_id=service.id,
                start=start,
                patient_id=patient_id or actor.patient.id,
                reason=reason,
            )

    async def cancel(self, mxid: str, visit: Appointment) -> visits.Cancellation:
        async with self.tx() as tx:
            return await visits.cancel(tx, self.ctx, await person_of(tx, self.ctx, mxid), visit.id)

    async def reschedule(self, mxid: str, visit: Appointment, start: datetime) -> Appointment:
        async with self.tx() as tx:
            return await visits.reschedule(tx, self.ctx, await person_of(tx, self.ctx, mxid), visit.id, start)

    async def visit(self, visit: Appointment) -> Appointment:
        async with self.tx() as tx:
            return await visits.appointment(tx, visit.id)

    async def outbox(self, kind: str, *, done: bool | None = None) -> list[dict[str, Any]]:
        """What the outbox has of a kind, in order; what is done has lost its payload."""
        async with self.tx() as tx:
            wanted = select(outbox.c.payload).where(outbox.c.kind == kind, outbox.c.payload != b"")
            found = await tx.conn.execute(wanted.order_by(outbox.c.seq))
            return [json.loads(payload) for payload in found.scalars()]

    async def told(self, visit: Appointment | None = None) -> Counter[tuple[str, str]]:
        """Count notices by what they say and whom they tell (by Matrix id)."""
        rows = [row for row in await self.outbox("notice") if visit is None or row["appointment"] == str(visit.id)]
        names = {str((await self.person(mxid)).id): mxid for mxid in (PAUL, CLARA, OSEI, ANNA, BEN)}
        return Counter((row["notice"], names[row["person"]]) for row in rows)

    async def row(self, kind: str) -> Row:
        """The newest row of a kind."""
        async with self.tx() as tx:
            table = outbox
            columns = (table.c.id, table.c.lane, table.c.kind, table.c.payload, table.c.created_at, table.c.attempts)
            found = await tx.conn.execute(
                select(*columns).where(table.c.kind == kind).order_by(table.c.seq.desc()).limit(1)
            )
            return Row(*found.one())
