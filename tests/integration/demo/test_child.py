"""A child process is waited for, watched, and stopped; one that dies is reported with its last words."""

import sys
import time
from pathlib import Path

import pytest

from demo.child import Child, ChildError, free_port
from demo.leftovers import end_leftovers, remember


def python(code: str, log: Path) -> Child:
    return Child("the child", [sys.executable, "-uc", code], log)


def test_one_that_dies_at_its_start_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    child = python("print('no disk'); raise SystemExit(3)", tmp_path / "log")
    child.start()
    with pytest.raises(ChildError, match=r"(?s)the child ended at its start.*no disk") as raised:
        child.wait_for(f"http://127.0.0.1:{free_port()}/")
    assert str(tmp_path / "log") in str(raised.value)


def test_one_that_never_answers_is_not_waited_for_forever(tmp_path: Path) -> None:
    child = python("import time; time.sleep(60)", tmp_path / "log")
    child.start()
    with pytest.raises(ChildError, match="does not answer"):
        child.wait_for(f"http://127.0.0.1:{free_port()}/", seconds=0.2)
    child.stop()
    assert child.exit_code() is not None


def test_one_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    child = python(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)",
        tmp_path / "log",
    )
    child.start()
    while "ready" not in child.last_lines():
        time.sleep(0.02)
    child.stop(seconds=0.2)
    assert child.exit_code() == -9


def test_what_a_killed_demo_left_is_ended_and_strangers_are_left_alone(tmp_path: Path) -> None:
    ours, stranger = (python("import time; time.sleep(60)", tmp_path / "log") for _ in range(2))
    for child in (ours, stranger):
        child.start()
    remember(tmp_path, [ours.pid])
    assert end_leftovers(tmp_path) == 1
    assert end_leftovers(tmp_path) == 0
    assert ours.exit_code() is not None
    assert stranger.exit_code() is None
    stranger.stop()
