"""Key providers as servers in processes of their own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import KmsSettings, TransitSettings
from demo.child import free_port

TOKEN = "hvs.test-token"


def _serving(file: str, *arguments: str) -> Iterator[str]:
    port = free_port()
    child = subprocess.Popen([sys.executable, str(Path(__file__).parent / file), str(port), *arguments])
    try:
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert child.poll() is None
                assert time.monotonic() < until, f"{file} does not answer"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


@pytest.fixture(scope="module")
def transit_url() -> Iterator[str]:
    yield from _serving("transit_server.py", TOKEN)


@pytest.fixture
def transit(transit_url: str) -> TransitSettings:
    return TransitSettings(url=transit_url, token=TOKEN)


@pytest.fixture(scope="module")
def kms_url() -> Iterator[str]:
    yield from _serving("kms_server.py")


@pytest.fixture
def kms(kms_url: str, monkeypatch: pytest.MonkeyPatch) -> KmsSettings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return KmsSettings(key_id="one", region="eu-central-1", endpoint_url=kms_url)
