"""The demo says what is in its way, and does not start then."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import Settings
from demo.lock import AlreadyRunningError, locked
from demo.ports import PortInUseError, Ports
from demo.state import settings_from, state_in, write_configuration


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", "--folder", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_two_at_once_in_one_folder_are_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    with locked(tmp_path):
        second = demo(tmp_path)
    assert second.returncode == 2
    assert "already runs" in second.stdout


def test_a_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path), pytest.raises(AlreadyRunningError), locked(tmp_path):
        pass


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"Port {port}, meant for homeserver"):
            Ports.starting_at(port).check()
        started = demo(tmp_path, "--ports-from", str(port))
    assert started.returncode == 2
    assert f"Port {port}" in started.stdout
    assert "PORTS=" in started.stdout


def test_secrets_and_passwords_stay_the_same_and_closed_to_others(tmp_path: Path) -> None:
    made = state_in(tmp_path)
    assert state_in(tmp_path) == made
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "state.json").read_text())["as_token"] == made.as_token


def test_careconnect_reads_what_the_demo_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_from(state_in(tmp_path), Ports.free(), "postgresql://postgres@/care?host=/some/where")
    configuration, registered = write_configuration(tmp_path, settings)
    monkeypatch.setenv("CARECONNECT_CONFIG", str(configuration))
    assert Settings() == settings
    assert all(file.stat().st_mode & 0o077 == 0 for file in (configuration, registered))
