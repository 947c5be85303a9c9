"""The state in one SQLite file: Stripe's objects, what is to be delivered, answered keys, and requests as they came.

A commit survives the kill of the process (write-ahead log): money does not vanish when the demo restarts.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, seq);
CREATE INDEX IF NOT EXISTS object_intent ON object (json_extract(body, '$.payment_intent'))
    WHERE kind = 'checkout.session';
CREATE INDEX IF NOT EXISTS object_open ON object (json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due);
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, key TEXT, body TEXT NOT NULL);
"""


class Store:
    """One connection, used by one thread: what happens between two awaits is atomic."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)

    @staticmethod
    def now() -> int:
        """Unix seconds, as all of Stripe's times are."""
        return int(time.time())

    @staticmethod
    def precise_now() -> float:
        """The same with its fraction, for what is due."""
        return time.time()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def put(self, body: Body) -> Body:
        """Insert, or replace what has the same id."""
        self.db.execute(
            "INSERT INTO object (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (body["id"], body["object"], json.dumps(body)),
        )
        return body

    def get(self, kind: str, wanted: str) -> Body | None:
        row = self.db.execute("SELECT body FROM object WHERE id = ? AND kind = ?", (wanted, kind)).fetchone()
        return None if row is None else json.loads(row["body"])

    def newest(self, kind: str) -> Iterator[Body]:
        """All of a kind, the newest first."""
        for row in self.db.execute("SELECT body FROM object WHERE kind = ? ORDER BY seq DESC", (kind,)):
            yield json.loads(row["body"])

    def session_of(self, intent: str) -> Body | None:
        row = self.db.execute(
            "SELECT body FROM object WHERE kind = 'checkout.session' AND json_extract(body, '$.payment_intent') = ?",
            (intent,),
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def overdue_sessions(self) -> list[Body]:
        """Open sessions whose time is over."""
        rows = self.db.execute(
            "SELECT body FROM object WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'"
            " AND json_extract(body, '$.expires_at') <= ?",
            (self.now(),),
        )
        return [json.loads(row["body"]) for row in rows.fetchall()]

    def close(self) -> None:
        self.db.close()
