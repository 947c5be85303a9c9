"""The history of a patient with 1,000 records, from a store of 1,000,000: how long until it is shown?

Measured is what the command does: each kind of record read by its index, the page's envelopes opened, the lines merged
and rendered; and beside it all 1,000 records of one patient opened at once. The store is on disk and durable; the
records of the patients that are asked for are really sealed, those of the others are random bytes of the same length.

    python -m benchmarks.history [--records 1000000] [--each 1000]
"""

import argparse
import asyncio
import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from appservice.conversation.rendering.history import happened
from benchmarks.ground import context, database_url
from core.database import Database
from core.ids import new_code, new_id
from records.access import Reader
from records.canonical import canonical
from records.history import Matter, history_of
from records.prescriptions.fhir import medication_request
from records.prescriptions.model import CONTENT
from records.prescriptions.rules import Draft, Prescription, Status
from records.sealing import Vault

_ASKED = 10
_START = datetime(2010, 1, 1, tzinfo=UTC)
_HEAD = [
    "id",
    "code",
    "patient_id",
    "practitioner_id",
    "appointment_id",
    "centre_id",
    "created_at",
    "status",
    "version",
]
_VERSION = ["prescription_id", "version", "status", "created_at", "sealed"]
_DRAFT = Draft("Ibuprofen", "400 mg", "tablet", "1 tablet up to 3 times a day, with food", "20 tablets")


def _at(n: int) -> datetime:
    return _START + timedelta(days=5 * n, seconds=n)


def _written(patient: UUID, centre: UUID, n: int, row: UUID) -> Prescription:
    at = _at(n)
    return Prescription(
        row, new_code(), patient, new_id(), new_id(), centre, 1, Status.ACTIVE, "", at, at, _DRAFT, "M01AE01",
        "A patient", "A doctor", "A centre",
    )  # fmt: skip


async def _fill(database: Database, vault: Vault, records: int, each: int) -> list[UUID]:
    """Fill the store; returns the patients whose records open."""
    patients = [new_id() for _ in range(records // each)]
    centre, doctor, codes, length = new_id(), new_id(), _codes(records), 0
    connection = await asyncpg.connect(database.url)
    await connection.execute("ALTER TABLE prescription_version DISABLE TRIGGER USER")
    for n, patient in enumerate(patients):
        ids = [new_id() for _ in range(each)]
        if n < _ASKED:
            written = [_written(patient, centre, k, one) for k, one in enumerate(ids)]
            plain = [canonical(medication_request(one)) for one in written]
            async with database.transaction() as tx:
                places = [CONTENT.place(one, 1, centre) for one in ids]
                sealed = await vault.seal_all(tx, patient, list(zip(places, plain, strict=True)))
            length = len(sealed[0])
        else:
            sealed = [os.urandom(length) for _ in ids]
        heads = [(one, codes.pop(), patient, doctor, doctor, centre, _at(k), "active", 1) for k, one in enumerate(ids)]
        versions = [(one, 1, "active", _at(k), sealed[k]) for k, one in enumerate(ids)]
        await connection.copy_records_to_table("prescription", records=heads, columns=_HEAD)
        await connection.copy_records_to_table("prescription_version", records=versions, columns=_VERSION)
    await connection.execute("ALTER TABLE prescription_version ENABLE TRIGGER USER")
    await connection.execute("ANALYZE")
    await connection.close()
    return patients[:_ASKED]


def _codes(count: int) -> set[str]:
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(new_code())
    return codes


async def _measure(database: Database, vault: Vault, patients: list[UUID], limit: int, rounds: int) -> list[float]:
    took = []
    for n in range(rounds):
        patient = patients[n % len(patients)]
        reader = Reader(new_id(), own=frozenset({patient}), treats=frozenset(), practitioner_id=None)
        began = time.perf_counter()
        async with database.transaction() as tx:
            found = await history_of(tx, vault, reader, patient, limit=limit, matters=list(Matter))
            lines = [happened(each) for each in found]
        took.append((time.perf_counter() - began) * 1000)
        assert len(lines) == limit
    return took


async def main(records: int, each: int, rounds: int, given: str | None) -> None:
    """Print milliseconds."""
    with database_url(given) as url:
        database, ctx = Database(url), context()
        began = time.perf_counter()
        patients = await _fill(database, ctx.vault, records, each)
        print(f"{records:,} records of {records // each:,} patients, filled in {time.perf_counter() - began:.0f} s")
        await _measure(database, ctx.vault, patients, 21, 20)  # warm
        for what, limit, times in (("a page of 20", 21, rounds), (f"all {each:,} at once", each, rounds // 3)):
            took = sorted(await _measure(database, ctx.vault, patients, limit, times))
            print(f"{what}: p50 {statistics.median(took):.1f} ms, p99 {took[int(len(took) * 0.99)]:.1f} ms")
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=1_000, help="records of a patient")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--database", help="the address of an empty, migrated one, in the place of an embedded one")
    said = parser.parse_args()
    asyncio.run(main(said.records, said.each, said.rounds, said.database))
