"""The rows of a booking that is held and then paid, written with nothing but SQL: what the database itself takes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import asyncpg

from booking.directory.model import Service
from booking.people.service import Person
from core.ids import new_code, new_id

_OCCUPANCY = """
    INSERT INTO occupancy (resource_id, busy, appointment_id, expires_at)
    VALUES ($1, tstzrange($3, $4), $5, $6), ($2, tstzrange($3, $4), $5, $6)
    ON CONFLICT DO NOTHING
"""
_APPOINTMENT = """
    INSERT INTO appointment (
        id, code, status, service_id, practitioner_id, centre_id, patient_id, booked_by, during, price_amount,
        price_currency, hold_until, free_until, late_refund_percent, sequence, created_at, updated_at
    )
    VALUES ($1, $2, 'pending', $3, $4, $5, $6, $7, tstzrange($8, $9), 4800, 'EUR', $10, $8, 0, 0, $11, $11)
"""
_MOVE = "INSERT INTO appointment_move (appointment_id, at, from_status, to_status, why) VALUES ($1, $2, $3, $4, $5)"
_PAYMENT = """
    INSERT INTO payment (appointment_id, state, amount, currency, fee_basis_points, manual, created_at, updated_at)
    VALUES ($1, 'creating', 4800, 'EUR', 0, false, $2, $2)
"""
_OPENED = "UPDATE payment SET state = 'open', session_id = $2, updated_at = $3 WHERE appointment_id = $1"
_OUTBOX = """
    INSERT INTO outbox (id, kind, lane, payload, created_at, due_at)
    SELECT id, kind, lane, payload, $5, $5
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS put (id, kind, lane, payload)
"""
_PAID = """
    UPDATE payment SET state = 'paid', session_id = $2, payment_intent = $3, updated_at = $4 WHERE appointment_id = $1
"""
_CHARGE = """
    INSERT INTO ledger_entry (id, appointment_id, at, kind, amount, currency, stripe_ref)
    VALUES ($1, $2, $3, 'charge', 4800, 'EUR', $4)
"""
_KEPT = "UPDATE occupancy SET expires_at = NULL WHERE appointment_id = $1"
_BOOKED = """
    UPDATE appointment SET status = 'booked', hold_until = NULL, settled_at = $2, updated_at = $2 WHERE id = $1
"""


@dataclass
class Bare:
    """One statement for each table, over prepared statements of asyncpg, in two transactions like the service's."""

    pool: asyncpg.Pool
    services: list[Service]
    people: list[Person]

    @classmethod
    async def connect(cls, url: str, services: list[Service], people: list[Person], clients: int) -> Self:
        return cls(await asyncpg.create_pool(url, min_size=clients, max_size=clients), services, people)

    async def close(self) -> None:
        await self.pool.close()

    async def hold_and_pay(self, n: int, start: datetime) -> None:
        """Book the n-th service in turn for the n-th person in turn."""
        service, person = self.services[n % len(self.services)], self.people[n % len(self.people)]
        visit, now, end = new_id(), datetime.now(UTC), start + timedelta(minutes=30)
        until = now + timedelta(minutes=31)
        about = b'{"appointment": "%s"}' % str(visit).encode()
        whose = (service.id, service.practitioner_id, service.centre_id, person.patient.id, person.id)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(_OCCUPANCY, service.practitioner_id, person.patient.id, start, end, visit, until)
            await connection.execute(_APPOINTMENT, visit, new_code(), *whose, start, end, until, now)
            await connection.execute(_MOVE, visit, now, None, "pending", "held")
            await connection.execute(_PAYMENT, visit, now)
            await self._put(connection, now, about, ("stripe.checkout", "payment"), ("stripe.delay", "delay"))
            await connection.execute(_OPENED, visit, f"cs_{visit}", now)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(_PAID, visit, f"cs_{visit}", f"pi_{visit}", now)
            await connection.execute(_CHARGE, new_id(), visit, now, f"pi_{visit}")
            await connection.execute(_KEPT, visit)
            await connection.execute(_BOOKED, visit, now)
            await connection.execute(_MOVE, visit, now, "pending", "booked", "paid")
            await self._put(connection, now, about + b" " * 80, *[("notice", "person")] * 3)

    async def _put(self, connection: Any, now: datetime, payload: bytes, *rows: tuple[str, str]) -> None:
        ids = [new_id() for _ in rows]
        lanes = [f"{lane}:{each}" for each, (_, lane) in zip(ids, rows, strict=True)]
        await connection.execute(_OUTBOX, ids, [kind for kind, _ in rows], lanes, [payload] * len(rows), now)
