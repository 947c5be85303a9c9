"""nio's key store on PostgreSQL: what its Olm machine calls, over the one connection that also holds leadership.

The calls are synchronous, as nio's are. `atomic` makes one commit of several; nothing may be awaited inside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from nio.crypto import (
    DeviceStore,
    GroupSessionStore,
    InboundGroupSession,
    OlmAccount,
    OlmDevice,
    OutgoingKeyRequest,
    Session,
    SessionStore,
)
from sqlalchemy import text

from appservice.matrix.trust import TrustInMemory
from core.database import Tx


class KeyStore(TrustInMemory):
    """The keys of one device of one user. `connection` is in autocommit mode and belongs to this store."""

    def __init__(self, connection: psycopg.Connection, user_id: str, device_id: str, pickle_key: str) -> None:
        self._connection = connection
        self._us = (user_id, device_id)
        self._pickle_key = pickle_key

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All of it or nothing of it, on disk when the block ends."""
        with self._connection.transaction():
            yield

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.encode(), (*self._us, *values))
        return cursor.fetchall() if cursor.description else []

    def load_account(self) -> OlmAccount | None:
        found = self._run("SELECT pickle, shared FROM matrix_olm_account WHERE user_id = %s AND device_id = %s")
        for pickle, shared in found:
            return OlmAccount.from_pickle(pickle, self._pickle_key, shared)
        return None

    def save_account(self, account: OlmAccount) -> None:
        self._run(
            "INSERT INTO matrix_olm_account (user_id, device_id, pickle, shared) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (user_id, device_id) DO UPDATE SET pickle = excluded.pickle, shared = excluded.shared",
            account.pickle(self._pickle_key),
            account.shared,
        )

    def load_sync_token(self) -> str | None:
        found = self._run("SELECT sync_token FROM matrix_olm_account WHERE user_id = %s AND device_id = %s")
        return found[0][0] if found else None

    def save_sync_token(self, token: str) -> None:
        self._connection.execute(
            "UPDATE matrix_olm_account SET sync_token = %s WHERE user_id = %s AND device_id = %s", (token, *self._us)
        )

    def load_heard_token(self) -> str | None:
        """The place in the stream up to which all that people said is in the inbox."""
        found = self._run("SELECT heard_token FROM matrix_olm_account WHERE user_id = %s AND device_id = %s")
        return found[0][0] if found else None

    def save_heard_token(self, token: str) -> None:
        self._connection.execute(
            "UPDATE matrix_olm_account SET heard_token = %s WHERE user_id = %s AND device_id = %s", (token, *self._us)
        )

    def load_sessions(self) -> SessionStore:
        store = SessionStore()
        for sender_key, pickle, created, used in self._run(
            "SELECT sender_key, pickle, created_at, used_at FROM matrix_olm_session"
            " WHERE user_id = %s AND device_id = %s"
        ):
            store.add(sender_key, Session.from_pickle(pickle, _naive(created), self._pickle_key, _naive(used)))
        return store

    def save_session(self, sender_key: str, session: Session) -> None:
        self._run(
            "INSERT INTO matrix_olm_session (user_id, device_id, session_id, sender_key, pickle, created_at, used_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (user_id, device_id, session_id)"
            " DO UPDATE SET pickle = excluded.pickle, used_at = excluded.used_at",
            session.id,
            sender_key,
            session.pickle(self._pickle_key),
            session.creation_time.astimezone(UTC),
            session.use_time.astimezone(UTC),
        )

    def load_inbound_group_sessions(self) -> GroupSessionStore:
        """Also those of the user's devices before this one: they open what was said before people heard of it."""
        store = GroupSessionStore()
        user, _ = self._us
        for pickle, signing_key, sender_key, room_id, chain in self._connection.execute(
            "SELECT pickle, signing_key, sender_key, room_id, chain FROM matrix_megolm_session"
            " WHERE user_id = %s ORDER BY received_at",
            (user,),
        ):
            store.add(
                InboundGroupSession.from_pickle(pickle, signing_key, sender_key, room_id, self._pickle_key, chain)
            )
        return store

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        self._run(
            "INSERT INTO matrix_megolm_session (user_id, device_id, room_id, sender_key, session_id, signing_key,"
            " pickle, chain, received_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now())"
            " ON CONFLICT (user_id, device_id, room_id, sender_key, session_id)"
            " DO UPDATE SET pickle = excluded.pickle, chain = excluded.chain",
            session.room_id,
            session.sender_key,
            session.id,
            session.ed25519,
            session.pickle(self._pickle_key),
            session.forwarding_chain,
        )

    def load_device_keys(self) -> DeviceStore:
        store = DeviceStore()
        for owner, device, ed25519, curve25519, deleted in self._run(
            "SELECT owner_id, owner_device_id, ed25519, curve25519, deleted FROM matrix_device_key"
            " WHERE user_id = %s AND device_id = %s"
        ):
            store.add(OlmDevice(owner, device, {"ed25519": ed25519, "curve25519": curve25519}, deleted=deleted))
        return store

    def save_device_keys(self, devices: dict[str, dict[str, OlmDevice]]) -> None:
        for owner, theirs in devices.items():
            for device in theirs.values():
                self._run(
                    "INSERT INTO matrix_device_key (user_id, device_id, owner_id, owner_device_id, ed25519,"
                    " curve25519, deleted) VALUES (%s, %s, %s, %s, %s, %s, %s)"
                    " ON CONFLICT (user_id, device_id, owner_id, owner_device_id)"
                    " DO UPDATE SET curve25519 = excluded.curve25519, deleted = excluded.deleted",
                    owner,
                    device.id,
                    device.ed25519,
                    device.curve25519,
                    device.deleted,
                )

    def load_outgoing_key_requests(self) -> dict[str, OutgoingKeyRequest]:
        found = self._run(
            "SELECT request_id, session_id, room_id, algorithm FROM matrix_key_request"
            " WHERE user_id = %s AND device_id = %s"
        )
        return {row[0]: OutgoingKeyRequest(*row) for row in found}

    def add_outgoing_key_request(self, request: OutgoingKeyRequest) -> None:
        self._run(
            "INSERT INTO matrix_key_request (user_id, device_id, request_id, session_id, room_id, algorithm)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            request.request_id,
            request.session_id,
            request.room_id,
            request.algorithm,
        )

    def remove_outgoing_key_request(self, request: OutgoingKeyRequest) -> None:
        self._run(
            "DELETE FROM matrix_key_request WHERE user_id = %s AND device_id = %s AND request_id = %s",
            request.request_id,
        )


_OLD = (
    ("matrix_megolm_session", "received_at", 60),
    ("matrix_olm_session", "used_at", 180),
    ("matrix_bot_message", "sent_at", 180),
)
"""What is not needed again after so many days: sessions whose messages are long answered, messages that nobody taps."""


async def prune(tx: Tx, most: int = 20_000) -> int:
    """Drop what is not needed again, in portions; returns how much. Run it every hour, by any replica.

    Not by the leader at its start: what has come together in months takes longer than its connection may be silent.
    """
    gone = 0
    for table, column, days in _OLD:
        old = f"SELECT ctid FROM {table} WHERE {column} < :moment ORDER BY {column} LIMIT :most FOR UPDATE SKIP LOCKED"  # noqa: S608
        removed = await tx.conn.execute(
            text(f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({old}))"),  # noqa: S608  (names of tables)
            {"moment": tx.now - timedelta(days=days), "most": most},
        )
        gone += removed.rowcount
    return gone


def _naive(moment: datetime) -> datetime:
    """nio compares with datetime.now(): local and naive."""
    return moment.astimezone().replace(tzinfo=None)
