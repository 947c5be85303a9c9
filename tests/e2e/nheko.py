"""nheko, a desktop client (C++ on libolm, from Debian) on a screen that nobody sees; the test is the desktop around it.

nheko hands each message that it has decrypted to the desktop as a notification, and takes answers written into one
("inline reply"). So nothing is read off a screen and no window needs the keyboard: a test hears what nheko shows, and
says what a person types there. Only its question whether to begin a talk is a window, answered by a key.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

_PROGRAMS = {
    "nheko": "nheko",
    "Xvfb": "xvfb",
    "xprop": "x11-utils",
    "xev": "x11-utils",
    "xdotool": "xdotool",
    "dbus-daemon": "dbus-daemon",
}
_SECONDS = 150
_NOTIFICATIONS = "org.freedesktop.Notifications"
# https://specifications.freedesktop.org/notification-spec/latest/protocol.html
_DESKTOP = DBusAddress("/org/freedesktop/Notifications", _NOTIFICATIONS, _NOTIFICATIONS)


class NhekoError(Exception):
    """It waited in vain; says what nheko showed until then, its windows, and what its log has, each thing once."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as nheko showed it to its user."""

    notification: int
    title: str
    text: str


class Nheko:
    """One person's nheko. Use it as `async with`."""

    def __init__(self, folder: Path, homeserver: str, user: str, password: str) -> None:
        self._folder = folder
        self._homeserver = homeserver
        self._account = (user, password)
        self._profile = uuid4().hex[:8]
        """There is one nheko for each profile on a machine: another one's would be handed our link."""
        self._surroundings: dict[str, str] | None = None
        self._started: list[asyncio.subprocess.Process] = []
        self._numbers = itertools.count(1)
        self._shown: list[Shown] = []
        self._returned = 0
        self._news = asyncio.Condition()

    async def __aenter__(self) -> "Nheko":
        for program, package in _PROGRAMS.items():
            assert shutil.which(program), f"apt-get install {package}, as .ci/run does"
        try:
            await self._start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._serving.cancel()
        with suppress(asyncio.CancelledError):
            await self._serving
        await self._end()

    async def _start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True)
        reading, writing = os.pipe()
        screen = ("-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset")
        await self._run("Xvfb", "-displayfd", str(writing), *screen, give=writing)
        os.close(writing)
        with os.fdopen(reading) as told:  # until the end of the line, or Xvfb dies of what it cannot write
            display = (await asyncio.to_thread(told.readline)).strip()
        bus = await self._run("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
        assert bus.stdout
        address = (await bus.stdout.readline()).decode().strip()
        self._surroundings = self._of_its_own(display, address)
        # Programs ask the window manager to be brought to the front. There is none to do it: nheko stays in the back.
        await self._do("xprop", "-root", "-f", "_NET_SUPPORTED", "32a", "-set", "_NET_SUPPORTED", "_NET_ACTIVE_WINDOW")
        await self._run("xev", "-name", "elsewhere")
        self._bus = await open_dbus_connection(address)
        async with DBusRouter(self._bus) as router:
            await Proxy(message_bus, router).RequestName(_NOTIFICATIONS)
        self._serving = asyncio.create_task(self._serve(self._bus))
        await self._sign_in()

    def _of_its_own(self, display: str, bus: str) -> dict[str, str]:
        """A home that has nothing of the machine's user."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "QT_", "WAYLAND_"))}
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            kept.pop(name, None)
        places = ("CONFIG", "DATA", "CACHE", "STATE")
        return {
            **kept,
            "HOME": str(self._folder),
            **{f"XDG_{each}_HOME": str(self._folder / each.lower()) for each in places},
            "XDG_RUNTIME_DIR": str(self._folder),
            "DISPLAY": f":{display}",
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "QT_QPA_PLATFORM": "xcb",
            "QT_QUICK_BACKEND": "software",
            "NO_AT_BRIDGE": "1",
            "LC_ALL": "C.UTF-8",
        }

    async def _sign_in(self) -> None:
        """nheko's configuration as it writes it itself after a login; keys and devices are its own work."""
        user, password = self._account
        who = {"type": "m.id.user", "user": user}
        login = {"type": "m.login.password", "identifier": who, "password": password, "device_id": "NHEKO"}
        signed_in = await asyncio.to_thread(self._ask, "POST", "login", login)
        self._token = signed_in["access_token"]
        # A person who wants to be notified of all that is said, edits and what bots say included.
        everything = {"conditions": [], "actions": ["notify"]}
        await asyncio.to_thread(self._ask, "PUT", "pushrules/global/override/everything", everything)
        account = {
            "access_token": self._token,
            "device_id": signed_in["device_id"],
            "home_server": self._homeserver,
            "user_id": "@" + signed_in["user_id"],  # a value that begins with @ has it twice
        }
        settings = {
            "General": {"run_without_secure_secrets_service": "true"},
            "profile": {f"{self._profile}\\auth\\{name}": value for name, value in account.items()},
            "user": {"reduced_motion": "true"},
        }
        lines = []
        for section, values in settings.items():
            lines += [f"[{section}]", *(f"{name}={value}" for name, value in values.items())]
        file = self._folder / "config" / "nheko" / "nheko.conf"
        file.parent.mkdir(parents=True)
        file.write_text("\n".join(lines) + "\n")

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request to the homeserver as this person."""
        headers = {"Authorization": f"Bearer {self._token}"} if path != "login" else {}
        url = f"{self._homeserver}/_matrix/client/v3/{path}"
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode(), headers=headers)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return dict(json.load(answer))

    async def _run(self, *command: str, give: int | None = None) -> asyncio.subprocess.Process:
        """Start what goes on until the end."""
        with (self._folder / f"{command[0]}.log").open("wb") as log:
            program = await asyncio.create_subprocess_exec(
                *command,
                env=self._surroundings,
                pass_fds=() if give is None else (give,),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if "--print-address" in command else log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(program)
        return program

    async def _do(self, *command: str) -> str:
        """Run what ends by itself; return what it prints, whatever its code."""
        program = await asyncio.create_subprocess_exec(
            *command,
            env=self._surroundings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        printed, _ = await program.communicate()
        return printed.decode()

    async def _end(self) -> None:
        left = [file for program in self._started for file in _in_memory(program.pid)]
        for program in reversed(self._started):
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            await program.wait()
        for file in left:
            file.unlink(missing_ok=True)

    async def _serve(self, bus: DBusConnection) -> None:
        """Be the desktop's notifications."""
        while True:
            message = await bus.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            await bus.send(await self._answered(message))

    async def _answered(self, message: Message) -> Message:
        asked = message.header.fields.get(HeaderFields.member)
        if asked == "GetCapabilities":
            return new_method_return(message, "as", (["body", "actions", "inline-reply"],))
        if asked == "GetServerInformation":
            return new_method_return(message, "ssss", ("a test", "careConnect", "1", "1.2"))
        if asked == "Notify":
            _app, replaces, _icon, title, text, *_ = message.body
            number = replaces or next(self._numbers)
            async with self._news:
                self._shown.append(Shown(number, title, text.partition(": ")[2]))  # without who says it
                self._news.notify_all()
            return new_method_return(message, "u", (number,))
        return new_method_return(message)

    async def _until(self, what: str, done: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                while not await done():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise await self._in_vain(what) from None

    async def _in_vain(self, what: str) -> NhekoError:
        windows = await self._do("xdotool", "search", "--onlyvisible", "--name", ".", "getwindowname", "%@")
        log = self._folder / "nheko.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else ["It was not started."]
        first = {line.partition("] ")[2] or line: line for line in reversed(lines)}  # without when it was said
        told = [line for line in lines if line in {*first.values()}]
        return NhekoError(
            "\n".join(
                (
                    f"nheko waited {_SECONDS} s for {what}; of what follows, {self._returned} had been heard.",
                    *(f"shown as {each.notification}: {each.title!r} {each.text!r}" for each in self._shown),
                    f"windows: {windows.splitlines()}",
                    *told,
                )
            )
        )

    async def talk_with(self, user: str) -> Shown:
        """Start it by a link to somebody, as from a web page; return the first message of the talk that it begins."""
        link = f"matrix:u/{user.removeprefix('@')}?action=chat"
        await self._run("nheko", "--profile", self._profile, "--log-level", "info", "--log-type", "stderr", link)

        async def agreed() -> bool:
            if not self._shown:
                for question in (await self._do("xdotool", "search", "--name", "Confirm invite")).split():
                    await self._put_away(question)
                    await self._do("xdotool", "key", "--window", question, "Return")
            return bool(self._shown)

        await self._until("somebody to say something", agreed)
        self._returned = 1
        return self._shown[0]

    async def _put_away(self, question: str) -> None:
        """Put nheko's own window away, as somebody who works in another one: then it notifies of every message."""
        for window in (await self._do("xdotool", "search", "--onlyvisible", "--class", "nheko")).split():
            if window != question:
                await self._do("xdotool", "windowfocus", window)
                await self._do("xdotool", "search", "--sync", "--name", "elsewhere", "windowfocus")
                await self._do("xdotool", "windowunmap", window)

    async def hears(self, words: str) -> Shown:
        """Return the next message that has these words. Raises NhekoError when the time is over."""

        def found() -> Shown | None:
            for place, each in enumerate(self._shown[self._returned :], self._returned):
                if words in each.text:
                    self._returned = place + 1
                    return each
            return None

        try:
            async with asyncio.timeout(_SECONDS), self._news:
                return await self._news.wait_for(found)  # type: ignore[return-value]
        except TimeoutError:
            raise await self._in_vain(f"“{words}”") from None

    async def answer(self, shown: Shown, text: str) -> None:
        """Write into a notification: nheko sends it, encrypted, as a reply to that message."""
        await self._bus.send(new_signal(_DESKTOP, "NotificationReplied", "us", (shown.notification, text)))


def _in_memory(pid: int) -> Iterator[Path]:
    """What Qt shares between the processes of a program; it stays when the last one is killed."""
    with suppress(psutil.Error):
        for each in psutil.Process(pid).memory_maps():
            if each.path.startswith("/dev/shm/") and "qipc" in each.path:
                yield Path(each.path)
