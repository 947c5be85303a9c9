"""Killed at any moment and started again, the service answers every message exactly once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from demo.child import Child
from tests.integration.appservice.matrix import echo as program
from tests.integration.appservice.matrix.conftest import NewPerson


@pytest.fixture
def configuration(settings: Settings, tmp_path: Path) -> Path:
    file = tmp_path / "settings.json"
    open_secrets = settings.model_dump(mode="python")
    file.write_text(_shown(settings.__class__, open_secrets))
    return file


def _shown(kind: type[Settings], values: dict[str, object]) -> str:
    import json

    from pydantic import SecretStr

    def show(value: object) -> object:
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    return json.dumps(values, default=show)


@pytest.fixture
def processes(tmp_path: Path, configuration: Path) -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.stop()


@pytest.mark.parametrize("moment", ["key", "heard", "sent"])
async def test_a_message_is_answered_once_though_the_service_dies(
    moment: str, configuration: Path, tmp_path: Path, processes: list[Child], settings: Settings, new_person: NewPerson
) -> None:
    def start(*arguments: str) -> None:
        command = [sys.executable, str(program.__file__), str(configuration), *arguments]
        child = Child("echo", command, tmp_path / "echo.log", env={"PYTHONPATH": str(Path.cwd())})
        processes.append(child)
        child.start()

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
    processes[1].wait_for_end()
    assert marker.exists()
    start(moment, str(marker))
    await anna.hears("you said during", room=room, seconds=60)
    await anna.ask(room, "after", "you said after")
    assert anna.shown(room) == ["that was joined", "you said before", "you said during", "you said after"]
