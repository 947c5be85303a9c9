"""A real CalDAV server: Radicale as a process of its own, with an account of Dr Osei's."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import caldav

from demo.child import free_port

USER, PASSWORD = "osei", "correct horse battery"


@dataclass
class Radicale:
    """At `address`; `host` is what has to be allowed."""

    address: str
    host: str

    def client(self) -> Any:
        """As the doctor's own calendar program is logged in."""
        return caldav.DAVClient(
            self.address, username=USER, password=PASSWORD, enable_rfc6764=False, require_tls=False, timeout=120
        )

    async def make(self, *names: str) -> list[str]:
        """Make calendars; returns their addresses."""

        def work() -> list[str]:
            with self.client() as client:
                return [str(client.principal().make_calendar(name=name).url) for name in names]

        return await asyncio.to_thread(work)

    async def put(self, address: str, body: bytes, name: str = "theirs.ics") -> None:
        """Write an object as another program does."""

        def work() -> None:
            with self.client() as client:
                client.put(f"{address}{name}", body.decode(), {"Content-Type": "text/calendar; charset=utf-8"})

        await asyncio.to_thread(work)

    async def remove(self, address: str, name: str) -> None:
        def work() -> None:
            with self.client() as client:
                client.delete(f"{address}{name}")

        await asyncio.to_thread(work)

    async def objects(self, address: str) -> dict[str, str]:
        """All that is in a calendar, by the last part of its address."""

        def work() -> dict[str, str]:
            with self.client() as client:
                found = client.calendar(url=address).events()
                return {str(each.url).rpartition("/")[2]: each.data for each in found}

        return await asyncio.to_thread(work)


@asynccontextmanager
async def radicale(folder: Path) -> AsyncIterator[Radicale]:
    port = free_port()
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder}/collections\n"
        "[logging]\nlevel = error\n"
    )
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "radicale", "--config", str(folder / "config")), stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(120):
            while True:
                assert server.returncode is None, (folder / "log").read_text()
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.1)
        yield Radicale(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}")
    finally:
        server.terminate()
        await server.wait()
