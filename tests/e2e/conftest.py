"""What end-to-end tests share: the whole demo, running, one for each worker, for as long as there is a test of it."""

from collections.abc import Iterator

import pytest

from demo.ports import Ports
from demo.run import Demo

_running: list[Demo] = []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """PostgreSQL, Synapse, the stand-in for Stripe and careConnect with its directory, as `make demo` starts them."""
    started = Demo(tmp_path_factory.mktemp("demo"), Ports.free())
    _running.append(started)
    try:
        started.start()
        yield started
    finally:
        _end()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Other tests that come after have the machine for themselves."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        _end()


def _end() -> None:
    while _running:
        _running.pop().stop()
