"""The audit's heads where the database's administrator cannot write, and the commands that check them."""

import base64
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, text

from appservice.auditing.heads import head_key, publish, sign_if_due
from appservice.auditing.routes import routes
from appservice.outgoing import unseal
from booking.context import Context
from core.database import Database
from core.ids import new_id
from core.outbox import outbox
from core.settings import AuditSettings, RecordsSettings, Settings
from records.access import Reader
from records.audit.proving import Proof, ProofError, prove
from records.audit.rules import Action, Entry, Why
from records.audit.service import note_all
from records.sealing import Vault

ANNA, BEN, OSEI = new_id(), new_id(), new_id()
HERSELF = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
SEED = base64.b64encode(bytes(range(32))).decode()
ROOM = "!audit:localhost"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 25, 16, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Auditor:
    """A deployment whose heads go to a file and a room, with a clock of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.file, self.clock = database, folder / "heads", Clock()
        database.clock = self.clock
        settings = Settings(
            records=RecordsSettings(key=SEED),
            audit=AuditSettings(key=SEED, heads_file=self.file, room=ROOM),
        )
        self.ctx = Context(Vault.from_settings(settings.records), settings)
        key = head_key(settings)
        assert key
        self.key = key

    async def looks(self, count: int, subject: Any = ANNA) -> None:
        async with self.database.transaction() as tx:
            await note_all(
                tx,
                [
                    Entry(new_id(), tx.now, OSEI, Action.READ, subject, "prescription", new_id(), Why.CARE)
                    for _ in range(count)
                ],
            )

    async def tick(self) -> None:
        async with self.database.transaction() as tx:
            await sign_if_due(tx, self.ctx)
        async with self.database.transaction() as tx:
            await publish(tx, self.ctx)

    async def hour(self, count: int = 0) -> None:
        """An hour goes by in which so much is looked at."""
        await self.looks(count)
        self.clock.at += timedelta(hours=1)
        await self.tick()

    async def said(self) -> list[str]:
        """What is to be said in the room, oldest first."""
        async with self.database.transaction() as tx:
            rows = await tx.conn.execute(
                select(outbox.c.id, outbox.c.payload).where(outbox.c.lane == f"room:{ROOM}").order_by(outbox.c.seq)
            )
            return [(await unseal(tx, self.ctx.vault, row.id, row.payload))["markdown"] for row in rows.all()]

    def lines(self) -> list[str]:
        return self.file.read_text().splitlines()

    def run(self, *arguments: str, database: bool = True) -> subprocess.CompletedProcess[str]:
        """The command line, as an operator has it; without the database as anybody has it."""
        settings = {
            "CARECONNECT_DATABASE__URL": self.database.url,
            "CARECONNECT_AUDIT__KEY": SEED,
            "CARECONNECT_AUDIT__HEADS_FILE": str(self.file),
            "CARECONNECT_RECORDS__KEY": SEED,
        }
        nothing = {"CARECONNECT_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none"}
        return subprocess.run(
            [Path(sys.executable).with_name("careconnect"), "audit", *arguments],
            env=os.environ | (settings if database else nothing),
            capture_output=True,
            text=True,
            check=False,
        )

    async def forge(self, count: int) -> None:
        """An administrator of the database writes another audit, with all its hashes right."""
        async with self.database.transaction() as tx:
            await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
            await tx.conn.execute(text("TRUNCATE audit_event, audit_leaf, audit_node, audit_head, audit_waiting"))
        await self.looks(count)


@pytest.fixture
async def auditor(database: Database, tmp_path: Path) -> Auditor:
    made = Auditor(database, tmp_path)
    await made.looks(3)
    await made.tick()
    return made


async def test_a_head_is_signed_each_hour_and_goes_to_the_file_and_the_room(auditor: Auditor) -> None:
    await auditor.tick()  # at once again: it is not due
    auditor.clock.at += timedelta(minutes=59)
    await auditor.tick()
    assert len(auditor.lines()) == len(await auditor.said()) == 1
    auditor.clock.at += timedelta(minutes=1)
    await auditor.tick()
    assert len(auditor.lines()) == len(await auditor.said()) == 2
    said = (await auditor.said())[0]
    assert said.startswith("The audit has 3 entries, 3 more than at the head before.")
    assert json.loads(auditor.lines()[0])["head"] in said


async def test_the_file_alone_is_checked_with_the_public_key(auditor: Auditor, tmp_path: Path) -> None:
    for count in (2, 0, 5):
        await auditor.hour(count)
    key = auditor.run("key").stdout.strip()
    assert key == str(auditor.key.public)
    done = auditor.run("check", str(auditor.file), "--key", key, database=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "All 4 heads are signed and go on from each other.")
    other = "care.test/audit+" + key.split("+", 1)[1]
    assert auditor.run("check", str(auditor.file), "--key", other, database=False).returncode == 2
    lines = auditor.lines()
    wrong = json.loads(lines[3])
    wrong["consistency"] = wrong["consistency"][::-1]
    auditor.file.write_text("\n".join([*lines[:3], json.dumps(wrong)]))
    done = auditor.run("check", str(auditor.file), "--key", key, database=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        "Head 4: it does not go on from the head of 5 entries.",
    )


async def test_what_was_said_in_the_room_can_be_checked_too(auditor: Auditor, tmp_path: Path) -> None:
    await auditor.hour(4)
    copied = tmp_path / "copied.txt"
    copied.write_text("\n".join(["Ada: look at this", *await auditor.said()]))
    done = auditor.run("check", str(copied), "--key", str(auditor.key.public), database=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{copied}: 4 heads")  # each as text and as a line
    assert auditor.run("verify", "--heads", str(copied)).returncode == 0


async def test_verify_compares_with_the_file_and_finds_a_forged_audit(auditor: Auditor) -> None:
    await auditor.hour(4)
    done = auditor.run("verify")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["7 entries in order, 0 waiting; 4 heads agree with them.", "Nothing was changed."],
    )
    await auditor.forge(9)
    done = auditor.run("verify")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        "A published head has 3 entries, and there are 0: the end was cut off.",
    )
    async with auditor.database.transaction() as tx:
        from records.audit.sequencing import place_all

        await place_all(tx)
    done = auditor.run("verify")
    assert done.stdout.splitlines()[-1] == (
        "A published head says otherwise of the first 3 entries: they were rewritten."
    )


async def test_a_forged_audit_is_not_signed_but_cried_over_in_the_room(auditor: Auditor) -> None:
    await auditor.forge(9)
    await auditor.hour()
    await auditor.hour()
    assert len(auditor.lines()) == 1
    cries = (await auditor.said())[1:]
    assert len(cries) == 2
    assert cries[0].startswith("**The audit is not the one that was signed before.** The first 3 entries are not")
    refused = auditor.run("head")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Not signed." in refused.stderr


async def test_an_older_database_in_its_place_is_not_signed_either(auditor: Auditor) -> None:
    await auditor.hour(4)
    async with auditor.database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        for cut in (
            "DELETE FROM audit_head WHERE size > 3",
            "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE leaf_index > 2)",
            "DELETE FROM audit_leaf WHERE leaf_index > 2",
        ):
            await tx.conn.execute(text(cut))
    await auditor.hour()
    assert "A head of 7 entries was signed, and the audit has 3." in (await auditor.said())[-1]
    assert "A published head has 7 entries, and there are 3" in auditor.run("verify").stdout


async def test_a_line_that_a_crash_cut_off_is_passed_over_and_said_again(auditor: Auditor) -> None:
    await auditor.hour(1)
    whole = auditor.file.read_bytes()
    auditor.file.write_bytes(whole[:-40])  # as if the machine had stopped while it was written
    await auditor.tick()
    heads = [json.loads(line)["head"] for line in auditor.lines() if line.endswith("}")]
    assert heads == [json.loads(line)["head"] for line in whole.decode().splitlines()]
    assert auditor.run("check", str(auditor.file), "--key", str(auditor.key.public), database=False).returncode == 0


async def test_a_head_can_be_had_at_once(auditor: Auditor) -> None:
    await auditor.looks(2)
    signed = auditor.run("head").stdout
    assert signed.splitlines()[:2] == ["localhost/audit", "5"]
    await auditor.tick()
    assert json.loads(auditor.lines()[-1])["head"] == signed


async def test_the_key_and_the_newest_head_are_public(auditor: Auditor) -> None:
    application = web.Application()
    application.add_routes(routes(auditor.database, auditor.ctx))
    async with TestClient(TestServer(application)) as client:
        assert await (await client.get("/audit/key")).text() == f"{auditor.key.public}\n"
        assert await (await client.get("/audit/head")).text() == json.loads(auditor.lines()[0])["head"]


async def test_a_proof_of_ones_own_entries_is_checked_with_the_key_alone(auditor: Auditor, tmp_path: Path) -> None:
    await auditor.hour(300)
    await auditor.looks(2, BEN)
    await auditor.hour(10)
    head = json.loads(auditor.lines()[-1])["head"]
    async with auditor.database.transaction() as tx:
        proof = await prove(tx, HERSELF, [ANNA], signed=head, size=315, most=50)
    assert len(proof.entries) == 50
    assert {each.entry.subject for each in proof.entries} == {ANNA}
    assert Proof.read(proof.written()).check([auditor.key.public]).size == 315
    file = tmp_path / "proof.json"
    file.write_text(proof.written())
    done = auditor.run("check", str(file), "--key", str(auditor.key.public), database=False)
    assert done.returncode == 0
    assert "50 entries are in the audit of 315 entries" in done.stdout
    changed = json.loads(proof.written())
    changed["entries"][7]["entry"]["actor"] = None
    file.write_text(json.dumps(changed))
    done = auditor.run("check", str(file), "--key", str(auditor.key.public), database=False)
    assert (done.returncode, "Entry 8 of the file is not in the audit" in done.stdout) == (1, True)
    with pytest.raises(ProofError, match="not signed"):
        proof.check([])


async def test_without_a_key_nothing_is_signed_and_verify_says_so(database: Database, tmp_path: Path) -> None:
    bare = Auditor(database, tmp_path)
    bare.ctx = Context(bare.ctx.vault, Settings(audit=AuditSettings(heads_file=bare.file, room=ROOM)))
    await bare.looks(2)
    await bare.tick()
    assert not bare.file.exists()
    assert await bare.said() == []
    application = web.Application()
    application.add_routes(routes(database, bare.ctx))
    async with TestClient(TestServer(application)) as client:
        assert (await client.get("/audit/key")).status == (await client.get("/audit/head")).status == 404
