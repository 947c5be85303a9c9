"""Connections to PostgreSQL by asyncpg, in UTC, that notice when the machine at their other end is gone without a word.

Nothing says so by itself: who waits for an answer from there, or only listens, would do so for the two hours of TCP's
own keepalive. Both ends ask; the server ends what a machine of ours that is gone had begun.
"""

import os
import socket
from collections.abc import Mapping
from typing import Any

import asyncpg

_IDLE, _INTERVAL, _COUNT = 5, 2, 3
"""Seconds of silence until the other end is asked, and between that and the next time; how often in all."""
_UNHEARD = (_IDLE + _INTERVAL * _COUNT) * 1000
"""Milliseconds that what was sent may stay without a receipt."""
_SERVER = {
    "timezone": "UTC",  # '1 day' is 23 hours once a year where the server keeps local time
    "tcp_keepalives_idle": str(_IDLE),
    "tcp_keepalives_interval": str(_INTERVAL),
    "tcp_keepalives_count": str(_COUNT),
}
_OURS = {"TCP_KEEPIDLE": _IDLE, "TCP_KEEPINTVL": _INTERVAL, "TCP_KEEPCNT": _COUNT, "TCP_USER_TIMEOUT": _UNHEARD}
"""Not every system has all of them (https://man7.org/linux/man-pages/man7/tcp.7.html)."""


async def connect(*place: Any, server_settings: Mapping[str, str] | None = None, **how: Any) -> asyncpg.Connection:
    """As asyncpg.connect."""
    connection = await asyncpg.connect(*place, server_settings={**_SERVER, **(server_settings or {})}, **how)
    _ask_when_silent(connection)
    return connection


def _ask_when_silent(connection: asyncpg.Connection) -> None:
    # asyncpg has no setting for it, and no other way to the socket. A copy of its number names the same socket.
    lent = connection._transport.get_extra_info("socket")
    with socket.socket(fileno=os.dup(lent.fileno())) as opened:
        if opened.family in (socket.AF_INET, socket.AF_INET6):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _OURS.items():
                if hasattr(socket, name):
                    opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
