"""`careconnect rotate`, `move-keys`, and what `check` says of keys: as an operator calls them."""

import base64
import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from appservice.check.records import check_records
from appservice.cli import app
from core.database import Database
from core.ids import new_id
from core.settings import DatabaseSettings, KmsSettings, RecordsSettings, Settings, TransitSettings
from demo.postgres import Postgres
from records.erasure import forget
from records.keys.apart import prepare
from records.sealing import Place, Vault
from tests.integration.records.keys.conftest import kms, kms_url, transit, transit_url  # noqa: F401
from tests.integration.records.rotation.store import everything, fill, whole

OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
PLACE = Place("t", "c", new_id())


@pytest.fixture
def careconnect(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARECONNECT_DATABASE__URL", database_url)
    monkeypatch.setenv("CARECONNECT_RECORDS__KEY", OLD)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_a_level_that_there_is_not_is_said(careconnect) -> None:
    for wrong in (("rotate", "all"), ("rotate", "master", "--of", "@a:b")):
        said = careconnect(*wrong)
        assert (said.exit_code, "Say what to rotate" in said.output) == (2, True)
    assert "Nobody with the Matrix id" in careconnect("rotate", "data", "--of", "@nobody:localhost").output
    assert "keys_url is not set" in careconnect("move-keys").output


async def test_a_rotation_that_is_killed_goes_on_and_nothing_is_ever_unreadable(
    database: Database, database_url: str
) -> None:
    """kill -9 at whatever line it is at, twice; then to the end."""
    settings = RecordsSettings(key=NEW, previous_keys=[OLD])
    people = [new_id() for _ in range(4)]
    await fill(database, Vault.from_settings(RecordsSettings(key=OLD)), people)
    environment = {
        **os.environ,
        "CARECONNECT_DATABASE__URL": database_url,
        "CARECONNECT_RECORDS__KEY": NEW,
        "CARECONNECT_RECORDS__PREVIOUS_KEYS": f'["{OLD}"]',
    }
    command = [sys.executable, "-c", "from appservice.cli import main; main()", "rotate", "subjects", "--batch", "1"]
    killed = 0
    for _ in range(2):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=Path.cwd(), bufsize=0)
        assert child.stdout
        fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, 4096)  # so that it is never further ahead of what is read here
        seen = b""
        while b" of " not in seen[-200:] or len(seen) < 700:
            piece = child.stdout.read(70)
            if not piece:
                break
            seen += piece
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        for person in people:
            assert await everything(database, Vault.from_settings(settings), person) == whole(person)
    assert killed == 2
    command[-1] = "500"
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    assert re.search(r"Done: \d+ keys and values", done.stdout)
    for person in people:
        assert await everything(database, Vault.from_settings(settings), person) == whole(person)


async def findings(settings: Settings) -> list[tuple[str, str, str]]:
    return [(each.level, each.about, each.sentence) async for each in check_records(settings)]


async def test_check_says_what_is_wrong_with_each_kind_of_provider(
    database_url: str,
    transit: TransitSettings,  # noqa: F811
    kms: KmsSettings,  # noqa: F811
) -> None:
    def with_vault(**how: object) -> RecordsSettings:
        return RecordsSettings(provider="vault", vault=transit.model_copy(update=how))

    def with_kms(**how: object) -> RecordsSettings:
        return RecordsSettings(provider="aws", aws=kms.model_copy(update=how))

    for records, level, part in (
        (RecordsSettings(key=OLD), "ok", "each of which can be unwrapped"),
        (with_vault(), "ok", "In HashiCorp Vault"),
        (with_vault(key="plain"), "wrong", "not a derived one"),
        (with_vault(key="loose"), "warning", "exportable"),
        (with_vault(key="none"), "wrong", "does not answer, or refuses"),
        (with_vault(url="http://127.0.0.1:9"), "wrong", "does not answer, or refuses"),
        (with_kms(), "ok", "In AWS KMS"),
        (with_kms(key_id="two"), "wrong", "not enabled (PendingDeletion)"),
        (with_kms(key_id="three"), "wrong", "does not answer, or refuses"),
    ):
        said = await findings(Settings(database=DatabaseSettings(url=database_url), records=records))
        assert (level, True) == (said[0][0], part in said[0][2]), said


async def test_check_says_what_is_wrong_with_the_keys(
    database: Database, database_url: str, postgres: Postgres, keys_url: str
) -> None:
    def settings(**how: object) -> Settings:
        return Settings(database=DatabaseSettings(url=database_url), records=RecordsSettings(**how))

    vault = Vault.from_settings(RecordsSettings(key=OLD))
    async with database.transaction() as tx:
        await vault.seal(tx, new_id(), PLACE, b"x")
    assert "not in the configuration" in (await findings(settings(key=NEW)))[0][2]
    assert "still wrapped by an earlier key" in (await findings(settings(key=NEW, previous_keys=[OLD])))[0][2]
    assert "1, each of which" in (await findings(settings(key=OLD)))[0][2]
    assert "cannot be read" in (await findings(settings(key=OLD, keys_url=keys_url)))[0][2]
    await prepare(keys_url)
    said = await findings(settings(key=OLD, keys_url=keys_url))
    assert any("1 keys are still in the main database" in each[2] for each in said)
    apart = Vault.from_settings(RecordsSettings(key=OLD, keys_url=keys_url))
    async with database.transaction() as tx:
        await forget(tx, apart, new_id(), actor=None)
        await tx.conn.execute(text("UPDATE erasure SET asked_at = asked_at - interval '1 hour'"))
    said = await findings(settings(key=OLD, keys_url=keys_url))
    assert any("1 erasures were decided and not carried out" in each[2] for each in said)
    await apart.close()


@pytest.fixture
def keys_url(postgres: Postgres) -> Iterator[str]:
    name = f"k{uuid4().hex}"
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)
