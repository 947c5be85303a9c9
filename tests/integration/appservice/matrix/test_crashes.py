"""Killed at any moment and started again, the service answers every message exactly once."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.settings import Settings
from demo.child import Child
from demo.client import PATIENCE
from tests.integration.appservice.matrix import echo as program
from tests.integration.appservice.matrix.conftest import NewPerson


def shown(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@pytest.fixture
def configuration(settings: Settings, tmp_path: Path) -> Path:
    """The settings in a file, for another process."""
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings.model_dump(), default=shown))
    return file


@pytest.fixture
def processes(tmp_path: Path, configuration: Path) -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.stop()


def starting(configuration: Path, tmp_path: Path, processes: list[Child]) -> Callable[..., None]:
    """Return what starts the echo service as a process, to be killed at a moment."""

    def start(*arguments: str) -> None:
        command = [sys.executable, str(program.__file__), str(configuration), *arguments]
        child = Child("echo", command, tmp_path / "echo.log", env={"PYTHONPATH": str(Path.cwd())})
        processes.append(child)
        child.start()

    return start


async def died(child: Child) -> None:
    """Wait until it is dead."""
    async with asyncio.timeout(PATIENCE):
        while child.exit_code() is None:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("moment", ["key", "heard", "sent"])
async def test_a_message_is_answered_once_though_the_service_dies(
    moment: str, configuration: Path, tmp_path: Path, processes: list[Child], settings: Settings, new_person: NewPerson
) -> None:
    start = starting(configuration, tmp_path, processes)
    start()
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "before", "you said before")
    processes[0].stop()
    marker = tmp_path / "died"
    start(moment, str(marker))
    if moment == "key":  # a new session, whose key has to come
        anna.client.invalidate_outbound_session(room)
    await anna.say(room, "during")
    await died(processes[1])
    assert marker.exists()
    start(moment, str(marker))
    await anna.hears("you said during", room=room)
    await anna.ask(room, "after", "you said after")
    assert anna.shown(room) == ["that was joined", "you said before", "you said during", "you said after"]
