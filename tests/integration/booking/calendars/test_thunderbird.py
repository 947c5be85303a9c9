"""A real Thunderbird that subscribes to a feed, on a screen that nobody sees. CI installs it (.ci/run)."""

import asyncio
import os
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from booking.calendars.feeds.routes import install
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.clinic import ANNA, Clinic

_EVERY_SECONDS = 2
_LONG_AGO = """
    UPDATE appointment SET updated_at = now() - interval '31 days', sequence = sequence + 1 WHERE status = 'cancelled'
"""
_LONGEST = 90


@dataclass
class Thunderbird:
    """A profile that has one calendar, and what it knows of it."""

    profile: Path
    requests: list[tuple[str | None, int]] = field(default_factory=list)
    """The If-None-Match and the status of each."""

    def subscribe(self, url: str) -> None:
        calendar = f"calendar.registry.{uuid4()}"
        prefs = {
            f"{calendar}.type": "ics",
            f"{calendar}.uri": url,
            f"{calendar}.name": "careConnect",
            f"{calendar}.cache.enabled": True,
            f"{calendar}.calendar-main-in-composite": True,
            # In minutes: people have it look each half an hour.
            f"{calendar}.refreshInterval": str(_EVERY_SECONDS / 60),
            "calendar.integration.notify": True,
            "app.donation.eoy.version.viewed": 999,
            "app.normandy.enabled": False,
            "app.update.enabled": False,
            "browser.shell.checkDefaultClient": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "mail.provider.suppress_dialog_on_startup": True,
            "mail.spotlight.firstRunDone": True,
            "mail.winsearch.firstRunDone": True,
            "mailnews.start_page.enabled": False,
            "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False,
            "toolkit.telemetry.enabled": False,
        }
        lines = (f'user_pref("{name}", {_js(value)});' for name, value in prefs.items())
        (self.profile / "user.js").write_text("\n".join(lines) + "\n")

    def events(self) -> dict[str, tuple[str, int]]:
        """The title and the start (Unix seconds) of what it has, by UID."""
        # It has its database locked for itself: a copy is read, and read again where it was torn.
        copy = self.profile.parent / "copy.sqlite"
        try:
            for end in ("", "-wal"):
                shutil.copyfile(self.profile / "calendar-data" / f"cache.sqlite{end}", f"{copy}{end}")
            with closing(sqlite3.connect(copy)) as cache:
                found = cache.execute("SELECT id, title, event_start FROM cal_events").fetchall()
        except (sqlite3.DatabaseError, FileNotFoundError):
            return {}
        return {uid: (title, start // 1_000_000) for uid, title, start in found}

    async def until(self, what: object) -> None:
        for _ in range(_LONGEST * 5):
            if what():  # type: ignore[operator]
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"Thunderbird has {self.events()} after {self.requests}")


def _js(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else f'"{value}"'


@asynccontextmanager
async def running(thunderbird: Thunderbird) -> AsyncIterator[None]:
    """Xvfb finds itself a screen; both end with their group."""
    for program in ("thunderbird", "Xvfb"):
        assert shutil.which(program), f"apt-get install {program.lower()}, as .ci/run does"
    reading, writing = os.pipe()
    screen = await asyncio.create_subprocess_exec(
        *("Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"),
        pass_fds=[writing],
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(writing)
    started = [screen]
    try:
        display = (await asyncio.to_thread(os.read, reading, 16)).decode().strip()
        home = thunderbird.profile.parent
        surroundings = {
            **os.environ,
            "DISPLAY": f":{display}",
            "HOME": str(home),
            "MOZ_CRASHREPORTER_DISABLE": "1",
            "MOZ_DISABLE_CONTENT_SANDBOX": "1",
            "NO_AT_BRIDGE": "1",
            "GDK_BACKEND": "x11",
        }
        for name in ("WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "http_proxy", "HTTP_PROXY"):
            surroundings.pop(name, None)
        started.append(
            await asyncio.create_subprocess_exec(
                *("thunderbird", "--no-remote", "--profile", str(thunderbird.profile), "-calendar"),
                env=surroundings,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        yield
    finally:
        os.close(reading)
        for each in reversed(started):
            if each.returncode is None:
                os.killpg(each.pid, signal.SIGKILL)
                await each.wait()


@pytest.fixture
def thunderbird(tmp_path: Path) -> Thunderbird:
    profile = tmp_path / "profile"
    profile.mkdir()
    return Thunderbird(profile)


@pytest.fixture
async def served(clinic: Clinic, thunderbird: Thunderbird) -> AsyncIterator[Subscriber]:
    @web.middleware
    async def remember(request: web.Request, handler: object) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)  # type: ignore[operator]
        thunderbird.requests.append((request.headers.get("If-None-Match"), answer.status))
        return answer

    app = web.Application(middlewares=[remember])
    server = install(app, clinic.database, clinic.ctx)
    async with TestClient(TestServer(app)) as http:
        yield Subscriber(clinic, http, server)


async def test_thunderbird_follows_what_becomes_of_visits(
    served: Subscriber, clinic: Clinic, thunderbird: Thunderbird
) -> None:
    times = await clinic.times(count=5)
    moves, ends, stays = [await clinic.book(start=start) for start in times[:3]]
    path = await served.issue()
    thunderbird.subscribe(str(served.http.make_url(path)))
    uid = {visit.id: f"{visit.id}@careconnect" for visit in (moves, ends, stays)}

    def start_of(visit: object) -> int | None:
        return thunderbird.events().get(uid[visit.id], ("", None))[1]  # type: ignore[attr-defined]

    async with running(thunderbird):
        await thunderbird.until(lambda: len(thunderbird.events()) == 3)
        assert start_of(stays) == int(stays.start.timestamp())
        await thunderbird.until(lambda: any(tag and status == 304 for tag, status in thunderbird.requests))

        moved = await clinic.reschedule(ANNA, moves, times[4])
        await thunderbird.until(lambda: start_of(moves) == int(moved.start.timestamp()))

        await clinic.cancel(ANNA, ends)
        await thunderbird.until(lambda: thunderbird.events().get(uid[ends.id], ("", 0))[0].startswith("Cancelled: "))

        async with clinic.tx() as tx:
            await tx.conn.exec_driver_sql(_LONG_AGO)
        await thunderbird.until(lambda: thunderbird.events().keys() == {uid[moves.id], uid[stays.id]})
    await served.server.uses.flush()
    async with clinic.tx() as tx:
        used = await tx.conn.exec_driver_sql("SELECT last_used_by FROM calendar_feed")
        assert used.scalar_one() == "Thunderbird"
