"""What is made aside ends when nobody waits for it, and keeps nobody waiting."""

import asyncio
import os
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from appservice.conversation import aside as aside_module
from appservice.conversation.aside import aside
from core.lanes import HopelessError


def _make(begun: Path, ended: Path, seconds: float) -> bytes:
    begun.write_text(f"{os.getpid()}\n")
    time.sleep(seconds)
    ended.touch()
    return b"made"


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_it_is_made(tmp_path: Path) -> None:
    assert await aside(partial(_make, tmp_path / "begun", tmp_path / "ended", 0)) == b"made"


async def test_whoever_stops_waiting_does_not_wait_for_its_end(tmp_path: Path) -> None:
    """The lead was lost, or the service is to stop: all else would stand still until it has ended by itself."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    task = asyncio.create_task(aside(partial(_make, begun, ended, 1000)))
    while not (begun.exists() and begun.read_text().endswith("\n")):
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not ended.exists()
    async with asyncio.timeout(60):
        while _lives(int(begun.read_text())):  # nor does it go on
            await asyncio.sleep(0.01)
    assert not ended.exists()


async def test_what_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside_module, "_PATIENCE", 0.2)
    with pytest.raises(HopelessError):
        await aside(partial(_make, tmp_path / "begun", tmp_path / "ended", 1000))
