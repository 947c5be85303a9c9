"""Every connection to a database on another machine is one that notices when that machine is gone without a word."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.engine import make_url

from booking.calendars.feeds.versions import DIRECTORY, Versions
from core.database import Database
from demo.postgres import Postgres


@asynccontextmanager
async def _over_tcp(postgres: Postgres) -> AsyncIterator[int]:
    """The port on which the server can be reached, which itself has but a socket in the file system."""
    (path,) = Path(postgres.socket).glob(".s.PGSQL.*[0-9]")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(path)
        await asyncio.gather(pump(reader, to_server), pump(from_server, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _to(port: int) -> list[int]:
    """The numbers of our own sockets that lead there."""
    found = psutil.Process().net_connections("tcp4")
    return [each.fd for each in found if each.raddr and each.raddr.port == port and each.status == "ESTABLISHED"]


async def test_a_database_machine_that_vanishes_is_noticed_on_all_connections(
    postgres: Postgres, database_url: str
) -> None:
    name = make_url(database_url).database
    async with _over_tcp(postgres) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
        database, versions = Database(url, pool=1), Versions(url)
        listening = asyncio.create_task(database.listen())
        try:
            await versions.of([str(DIRECTORY)])
            async with database.transaction() as tx:
                await tx.conn.execute(text("SELECT 1"))
                async with asyncio.timeout(60):
                    while len(_to(port)) < 3:
                        await asyncio.sleep(0.01)
                for number in _to(port):
                    with socket.socket(fileno=os.dup(number)) as ours:
                        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                        # Asked after 5 s of silence, given up 6 s later; the same for what it does not acknowledge.
                        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
                        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 2
                        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
                        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 11_000
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await versions.close()
            await database.close()
