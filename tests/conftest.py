"""What tests share: the real PostgreSQL with a migrated database for each test, the real Synapse, one per worker.

A test that needs no homeserver starts none. Fixtures for one kind of tests alone are in that folder's conftest.py.
"""

import base64
import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psutil
import pytest
from filelock import FileLock

import migrations
from appservice.registration import registration
from benchmarks.ending import DONE, watched
from core.database import Database
from core.settings import DatabaseSettings, Http, MatrixSettings, RecordsSettings, Settings
from demo.certificates import Certificates, make_certificates
from demo.child import free_port
from demo.homeserver import Homeserver
from demo.postgres import Postgres
from tests.scheduling import LongestFirst, turn

# The same examples in each run, however slow the machine is: a run says what a change did. For others:
# --hypothesis-profile=default
hypothesis.settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")


_RUN = "CARECONNECT_TESTS"
"""In the environment of all that a run starts: the folder of its databases."""
_WATCHED = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a time limit, or kill -9, leaves no server running
        config.stash[_WATCHED] = watched(_RUN, _place() / f"careconnect-{uuid4().hex[:12]}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if watching := config.stash.get(_WATCHED, None):
        watching.communicate(DONE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # of pytest-xdist
        items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


_OPEN = {"patients_invite": "anyone", "contacts": "allow", "public_rooms": True}
"""What the module lets pass on the homeserver of tests that are about something else, most without careConnect."""
_ROOM = 4 << 30
"""Bytes that have to be free in memory for the tests' databases to be there; they take less than a quarter of it."""
_STARTING = 900
"""Seconds in which a server that does not run may still be about to start."""


@pytest.fixture(scope="session", autouse=True)
def _no_configuration_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARECONNECT_CONFIG", str(tmp_path_factory.getbasetemp() / "none.toml"))
        yield


def _place() -> Path:
    """Where databases are kept, in memory if there is room: there each is made in a tenth of the time."""
    memory = Path("/dev/shm")
    in_memory = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return memory if in_memory else Path(tempfile.gettempdir())


def _clear_up() -> None:
    """Remove what runs have left in memory that were killed."""
    if not Path("/dev/shm").is_dir():
        return
    with tempfile.TemporaryFile(dir="/dev/shm") as file:  # the file system's own clock
        now = os.fstat(file.fileno()).st_mtime
    for folder in Path("/dev/shm").glob("careconnect-????????????"):
        with contextlib.suppress(OSError, ValueError):
            pid = folder / "postmaster.pid"
            lives = psutil.pid_exists(int(pid.read_text().split()[0])) if pid.exists() else False
            if not lives and now - folder.stat().st_mtime > _STARTING:
                shutil.rmtree(folder)
                for left in (f"{folder}.lock", f"{folder}.migrated"):
                    Path(left).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The embedded server, one for all workers of this run, with a migrated database named `template`.

    Outside pytest's own folder: each run closes that to other users, and the server is one where tests run as root.
    """
    _clear_up()
    folder = Path(os.environ[_RUN])
    with FileLock(f"{folder}.lock"):
        server = Postgres(folder)
        marker = Path(f"{folder}.migrated")
        if not marker.exists():
            server.forgetful()
            server.create("template")
            migrations.upgrade(server.url("template"))
            marker.touch()
    yield server
    server.stop()
    if not (folder / "postmaster.pid").exists():  # the last one to leave
        shutil.rmtree(folder, ignore_errors=True)
        for left in (f"{folder}.lock", f"{folder}.migrated"):
            Path(left).unlink(missing_ok=True)


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


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For homeservers that federate with each other."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


HomeserverFactory = Callable[..., Homeserver]


@pytest.fixture(scope="session")
def start_homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeserverFactory]:
    """Start another Synapse: `start_homeserver(registrations=[...], certificates=...)`, see demo.homeserver.

    Somebody else's: without our policy module, unless `policy` is given.
    """
    started: list[Homeserver] = []

    def start(**how: object) -> Homeserver:
        homeserver = Homeserver(tmp_path_factory.mktemp("synapse"), **{"policy": None, **how})  # type: ignore[arg-type]
        started.append(homeserver)
        homeserver.start()
        return homeserver

    yield start
    for homeserver in started:
        homeserver.stop()


@pytest.fixture(scope="session")
def service() -> Settings:
    """The service that `homeserver` knows: its tokens, keys, and the port on which the homeserver reaches it."""
    port = free_port()
    return Settings(
        http=Http(port=port, public_url=f"http://127.0.0.1:{port}"),
        matrix=MatrixSettings(
            as_token=secrets.token_urlsafe(32), hs_token=secrets.token_urlsafe(32), store_key=secrets.token_urlsafe(32)
        ),
        records=RecordsSettings(key=base64.b64encode(secrets.token_bytes(32)).decode()),
    )


@pytest.fixture(scope="session")
def homeserver(
    service: Settings, start_homeserver: HomeserverFactory, tmp_path_factory: pytest.TempPathFactory
) -> Homeserver:
    """A running Synapse named localhost, one for each worker, with `service` registered."""
    file = tmp_path_factory.mktemp("registration") / "registration.yaml"
    file.write_text(registration(service.matrix, f"http://127.0.0.1:{service.http.port}"))
    return start_homeserver(registrations=[file], policy=_OPEN)


@pytest.fixture
def settings(service: Settings, homeserver: Homeserver, database_url: str) -> Settings:
    """The whole configuration of a service on `homeserver`, with a database and a bot of this test's own."""
    matrix = service.matrix.model_copy(
        update={"homeserver_url": homeserver.url, "bot": f"{service.matrix.bot}-{uuid4().hex[:8]}"}
    )
    return service.model_copy(update={"database": DatabaseSettings(url=database_url), "matrix": matrix})
