"""Sealing beside its peers, in one run: Tink's envelope, sqlalchemy-utils' encrypted type, plain columns.

    python -m benchmarks.sealing [--records 20000] [--writes 1000]

Everything single-threaded, on values of 2 kB that look like a prescription. What is compared end to end goes through
the same SQLAlchemy and the same database, whose commits wait for the disk; the sides take turns, so that what else the
machine does strikes all.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pyotp
import tink
from sqlalchemy import Column, LargeBinary, Table, Text, Uuid, insert, select, text
from sqlalchemy_utils.types.encrypted.encrypted_type import AesGcmEngine, StringEncryptedType
from tink import aead

import appservice.tables  # noqa: F401
from benchmarks.ground import database_url
from core.database import Database, Tx
from core.ids import new_id
from core.tables import metadata
from records.access import Reader
from records.envelope import SubjectKey, seal, unseal
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.places import Place, sealed_column
from records.prescriptions.rules import Draft, Encounter
from records.prescriptions.service import prescribe
from records.rotation.service import Level, start, step
from records.sealing import Vault
from records.signing.service import begin_signing, confirm_signing
from records.signing.signature import Signer

_SIZE = 2048
_TEXT = json.dumps({"resourceType": "MedicationRequest", "note": "Nausea, dizziness. " * 200})[: _SIZE - 2] + '"}'
PLAIN = _TEXT.encode()
assert len(PLAIN) == _SIZE
PATIENT, ANOTHER = new_id(), new_id()

plain_table = Table(
    "bench_plain",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False, index=True),
    Column("content", LargeBinary),
)
sealed_table = Table(
    "bench_sealed",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False, index=True),
    Column("sealed", LargeBinary),
)
peer_table = Table(
    "bench_peer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False, index=True),
    Column("content", StringEncryptedType(Text, os.urandom(32).hex(), AesGcmEngine)),
)
CONTENT = sealed_column(sealed_table.c.sealed, subject=sealed_table.c.patient_id, row=sealed_table.c.id)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--writes", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=20, help="of 500 values, in memory")
    arguments.add_argument("--database", help="the address of an empty, migrated one, in the place of an embedded one")
    given = arguments.parse_args()
    print(f"values of {len(PLAIN)} bytes")
    in_memory(given.rounds)
    with database_url(given.database) as url:
        asyncio.run(end_to_end(url, records=given.records, writes=given.writes))


def in_memory(rounds: int) -> None:
    """Print a line for each figure."""
    key, associated = SubjectKey(new_id(), os.urandom(32)), CONTENT.place(new_id()).bound(PATIENT)

    def ours() -> None:
        assert len(unseal(key, seal(key, PLAIN, associated), associated)) == len(PLAIN)

    aead.register()
    master = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    envelope = aead.KmsEnvelopeAead(aead.aead_key_templates.AES256_GCM, master.primitive(aead.Aead))

    def peer() -> None:
        assert len(envelope.decrypt(envelope.encrypt(PLAIN, associated), associated)) == len(PLAIN)

    took = _in_turns({"ours": ours, "Tink": peer}, rounds=rounds, each=500)
    rates = {name: 1 / statistics.median(each) for name, each in took.items()}
    p99 = {name: statistics.quantiles(each, n=100)[-1] * 1e6 for name, each in took.items()}
    for name in took:
        print(f"seal and open, {name}: {rates[name]:,.0f} a second at the median, p99 {p99[name]:.0f} us")
    print(f"  ours / Tink's KmsEnvelopeAead: {rates['ours'] / rates['Tink']:.2f} (goal 1.2)")


def _in_turns(works: dict[str, Callable[[], None]], *, rounds: int, each: int) -> dict[str, list[float]]:
    """Seconds of each call, the works taking turns."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            for _ in range(each):
                began = time.perf_counter()
                work()
                if number:  # the first round warms up
                    took[name].append(time.perf_counter() - began)
    return took


async def end_to_end(url: str, *, records: int, writes: int) -> None:
    """Print a line for each figure. Leaves its tables behind."""
    database = Database(url, pool=4)
    vault = Vault(Ring(LocalKey(os.urandom(32))))
    async with database.transaction() as tx:
        await tx.conn.run_sync(metadata.create_all, tables=[plain_table, sealed_table, peer_table])
        for table, column in (("bench_plain", "content"), ("bench_sealed", "sealed"), ("bench_peer", "content")):
            # As sealed columns are in the program; for fairness all.
            await tx.conn.execute(text(f"ALTER TABLE {table} ALTER {column} SET STORAGE EXTERNAL"))
        await vault.seal(tx, PATIENT, CONTENT.place(new_id()), b"")  # the patient's key is there
    await _writes(database, vault, writes)
    await _fill(database, vault, records)
    await _reads(database, vault, records)
    await _rewrap(database, vault)
    await database.close()


async def _writes(database: Database, vault: Vault, rounds: int) -> None:
    """One row in a transaction of its own, which is the least that can be written; and what a doctor writes.

    The tables have the same columns and indexes. What a doctor writes is a prescription: two rows, a signature, and the
    entry of the audit, by the service and with everything as it is but for the vault, which leaves things plain.
    """
    plain_vault = Plain(vault.keys.ring)

    async def plain(lap: _Laps) -> None:
        async with database.transaction() as tx:
            lap("BEGIN")
            row = new_id()
            lap("seal")
            await tx.conn.execute(insert(plain_table).values(id=row, patient_id=PATIENT, content=PLAIN))
            lap("INSERT")
        lap("COMMIT")

    async def sealed(lap: _Laps) -> None:
        async with database.transaction() as tx:
            lap("BEGIN")
            row = new_id()
            made = await vault.seal(tx, PATIENT, CONTENT.place(row), PLAIN)
            lap("seal")
            await tx.conn.execute(insert(sealed_table).values(id=row, patient_id=PATIENT, sealed=made))
            lap("INSERT")
        lap("COMMIT")

    async with database.transaction() as tx:
        reader, signer = await _doctor(tx, vault)
    draft = Draft("Ibuprofen", "400 mg", "tablet", "1 tablet up to 3 times a day, with food", "20 tablets")
    visit = Encounter(
        new_id(), ANOTHER, "Anna Lind", signer.practitioner_id, "Dr Ama Osei", new_id(), "Praxis am Park", started=True
    )

    async def prescribed(by: Vault) -> None:
        async with database.transaction() as tx:
            await prescribe(tx, by, reader, signer, visit, draft)

    await _compare("insert and commit", rounds, plain, sealed)
    await _compare("prescribe and commit", rounds, lambda lap: prescribed(plain_vault), lambda lap: prescribed(vault))


class _Laps:
    """How many seconds each part of a work took, each time: called with its name at its end."""

    def __init__(self) -> None:
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self._counts = False
        self._since = 0.0

    def begin(self, *, counts: bool) -> None:
        self._counts, self._since = counts, time.perf_counter()

    def __call__(self, part: str) -> None:
        now = time.perf_counter()
        if self._counts:
            self.took[part].append(now - self._since)
        self._since = now


async def _compare(
    what: str, rounds: int, plain: Callable[[_Laps], Awaitable[None]], sealed: Callable[[_Laps], Awaitable[None]]
) -> None:
    laps = {"plain": _Laps(), "sealed": _Laps()}
    took: dict[str, list[float]] = {"plain": [], "sealed": []}
    computed = dict.fromkeys(took, 0.0)
    for number in range(-rounds // 10, rounds):  # the first tenth warms up
        for name, work in {"plain": plain, "sealed": sealed}.items():
            laps[name].begin(counts=number >= 0)
            began, cpu = time.perf_counter(), time.process_time()
            await work(laps[name])
            if number >= 0:
                took[name].append(time.perf_counter() - began)
                computed[name] += time.process_time() - cpu
    medians = {name: statistics.median(each) * 1e6 for name, each in took.items()}
    for name in took:
        own = computed[name] / rounds * 1e6
        print(f"{what}, {name}: {medians[name]:.0f} us at the median, of which this process computes {own:.0f} us")
    for part, plainly in laps["plain"].took.items():
        one, other = (statistics.median(each) * 1e6 for each in (plainly, laps["sealed"].took[part]))
        print(f"  {part}: {one:.0f} us plain, {other:.0f} us sealed")
    print(f"  sealing adds {100 * (medians['sealed'] / medians['plain'] - 1):.1f} % (goal 10 at most)")


class Plain(Vault):
    """Leaves things as they are, and asks for no key."""

    async def seal(self, tx: Tx, subject: UUID, place: Place, plain: bytes) -> bytes:
        return plain


async def _doctor(tx: Tx, vault: Vault) -> tuple[Reader, Signer]:
    reader = Reader(new_id(), own=frozenset(), treats=frozenset({ANOTHER}), practitioner_id=new_id())
    begun = await begin_signing(tx, vault, reader, account="bench", issuer="careConnect")
    signer = await confirm_signing(tx, vault, reader, pyotp.parse_uri(begun.link).at(tx.now))
    assert isinstance(signer, Signer)
    return reader, signer


async def _fill(database: Database, vault: Vault, records: int) -> None:
    async with database.transaction() as tx:
        ids = [new_id() for _ in range(records)]
        made = await vault.seal_all(tx, PATIENT, [(CONTENT.place(each), PLAIN) for each in ids])
        rows = zip(ids, made, strict=True)
        await tx.conn.execute(
            insert(sealed_table), [{"id": each, "patient_id": PATIENT, "sealed": sealed} for each, sealed in rows]
        )
        for table, content in ((plain_table, PLAIN), (peer_table, _TEXT)):
            row = {"patient_id": PATIENT, "content": content}
            await tx.conn.execute(insert(table), [{"id": new_id(), **row} for _ in range(records)])


async def _reads(database: Database, vault: Vault, records: int) -> None:
    """Rows of one patient, a thousand at a time, as lists and exports read them."""

    async def plain(after: UUID) -> UUID:
        return await _page(database, plain_table, after, lambda tx, rows: _nothing(rows))

    async def ours(after: UUID) -> UUID:
        async def open_all(tx: Any, rows: Any) -> None:
            values = [(CONTENT.place(row.id), row.sealed) for row in rows]
            opened = await vault.open_all(tx, PATIENT, values)
            assert all(len(each) == len(PLAIN) for each in opened)

        return await _page(database, sealed_table, after, open_all)

    async def peer(after: UUID) -> UUID:
        return await _page(database, peer_table, after, lambda tx, rows: _nothing(rows))

    works = {"plain": plain, "ours": ours, "sqlalchemy-utils": peer}
    took: dict[str, list[float]] = {name: [] for name in works}
    after = dict.fromkeys(works, UUID(int=0))
    for _ in range(records // 1000):
        for name, work in works.items():
            began = time.perf_counter()
            after[name] = await work(after[name])
            took[name].append(time.perf_counter() - began)
    rates = {name: 1000 / statistics.median(each) for name, each in took.items()}
    for name, rate in rates.items():
        print(f"bulk read, {name}: {rate:,.0f} rows a second at the median page")
    print(f"  ours / sqlalchemy-utils: {rates['ours'] / rates['sqlalchemy-utils']:.2f} (goal 1.5)")


async def _page(database: Database, table: Table, after: UUID, use: Callable[[Any, Any], Awaitable[None]]) -> UUID:
    async with database.transaction() as tx:
        found = await tx.conn.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(1000))
        rows = found.all()
        await use(tx, rows)
        last: UUID = rows[-1].id
        return last


async def _nothing(rows: Any) -> None:
    assert all(row.content for row in rows)


async def _rewrap(database: Database, vault: Vault) -> None:
    """A new key of the patient's: every record gets another wrapping, and the old key goes.

    Of this patient's alone: the other one's prescriptions were partly left plain.
    """
    async with database.transaction() as tx:
        now = await start(tx, vault, Level.SUBJECTS, [PATIENT])
    began = time.perf_counter()
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, vault, now.id)
    took = time.perf_counter() - began
    print(f"rewrap, end to end: {now.total / took:,.0f} records a second ({now.total} in {took:.1f} s; goal 5,000)")


if __name__ == "__main__":
    main()
