"""What an operator does with the bot's keys: backs its identity up, brings it back, gives it a new one or a new device.

The identity is the three cross-signing seeds, by which people's clients know the bot whatever device it has. The device
has the Olm store. Either can be lost alone, and is mended alone; these functions change the tables, and `take_effect`
has whoever leads begin anew with them.
"""

import re

import psycopg
from psycopg import sql

from appservice.matrix import cross_signing
from appservice.matrix.leader import lock_key
from appservice.matrix.sealing import seal, unseal
from core.errors import UserError
from core.settings import MatrixSettings

_SEEDS = "cross-signing seeds"
_LINE = re.compile(r"^careconnect-identity:(?P<user>@[^ ]+) (?P<seeds>\{.*\})$", re.MULTILINE)


class IdentityError(UserError):
    """What was asked for cannot be done with this identity; the sentence says why."""


def seeds_of(matrix: MatrixSettings, connection: psycopg.Connection, user: str) -> cross_signing.Seeds | None:
    """Return the seeds that are kept for a bot, or None if there are none."""
    found = connection.execute("SELECT sealed FROM matrix_cross_signing WHERE user_id = %s", (user,)).fetchone()
    return None if found is None else cross_signing.load(unseal(matrix, _SEEDS, found[0]))


def keep(matrix: MatrixSettings, connection: psycopg.Connection, user: str, seeds: cross_signing.Seeds) -> None:
    """Keep these seeds in place of any others."""
    connection.execute(
        "INSERT INTO matrix_cross_signing VALUES (%s, %s) ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed",
        (user, seal(matrix, _SEEDS, cross_signing.dump(seeds))),
    )


def backup(matrix: MatrixSettings, connection: psycopg.Connection, user: str) -> str:
    """Return the identity as a line of text: a secret. Raises IdentityError."""
    seeds = seeds_of(matrix, connection, user)
    if seeds is None:
        raise IdentityError("{user} has no identity here. Start the service once, or restore a backup.", user=user)
    return f"careconnect-identity:{user} {cross_signing.dump(seeds).decode()}\n"


def restore(matrix: MatrixSettings, connection: psycopg.Connection, user: str, text: str) -> None:
    """Take the identity of a bot from what `backup` wrote, which may hold several bots'. Raises IdentityError."""
    of_user = [line["seeds"] for line in _LINE.finditer(text) if line["user"] == user]
    if not of_user:
        raise IdentityError("There is no identity of {user} in that backup.", user=user)
    try:
        seeds = cross_signing.load(of_user[-1].encode())
    except (ValueError, TypeError) as damaged:
        raise IdentityError("That backup is damaged.") from damaged
    if not cross_signing.complete(seeds):
        raise IdentityError("That backup is damaged.")
    keep(matrix, connection, user, seeds)


def reset(matrix: MatrixSettings, connection: psycopg.Connection, user: str) -> None:
    """Make a new identity: for seeds that are lost without a backup, or known to somebody else. People are told so."""
    keep(matrix, connection, user, cross_signing.new_seeds())


def new_device(connection: psycopg.Connection, user: str) -> None:
    """Forget the device with all its keys; the next start makes another, and the homeserver drops the old one.

    The keys of what people have said stay: with them the new device reads what they say before their clients have heard
    of it. Whoever has these can read what was said with them, whether we keep them or not, and say nothing with them.
    """
    with connection.transaction():
        for table in ("device", "olm_account", "olm_session", "device_key", "key_request"):
            gone = sql.SQL("DELETE FROM {} WHERE user_id = %s").format(sql.Identifier(f"matrix_{table}"))
            connection.execute(gone, (user,))


def take_effect(connection: psycopg.Connection, user: str) -> bool:
    """End the connection of whoever leads, so that it (or another) starts anew. Returns whether somebody led."""
    ended = connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks"
        " WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 0)",
        (lock_key(user),),
    )
    return ended.fetchone() is not None
