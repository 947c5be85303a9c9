"""What tests share: the real PostgreSQL, a migrated database for each test that asks for one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from filelock import FileLock

import migrations
from core.database import Database
from demo.postgres import Postgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Postgres]:
    """The embedded server, one for all workers of this run, with a migrated database named `template`."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "pg"
    with FileLock(f"{folder}.lock"):
        server = Postgres(folder)
        marker = Path(f"{folder}.migrated")
        if not marker.exists():
            server.create("template")
            migrations.upgrade(server.url("template"))
            marker.touch()
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """An empty, migrated database of this test's own."""
    name = f"t{uuid4().hex}"
    postgres.create(name, template="template")
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, opened as the program opens it."""
    opened = Database(database_url, pool=8)
    yield opened
    await opened.close()
