"""The whole demo for each module of these tests: what one breaks shall not stay broken for another."""

from collections.abc import Iterator

import pytest

from demo.ports import Ports
from demo.run import Demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    started = Demo(tmp_path_factory.mktemp("chaos"), Ports.free())
    try:
        started.start()
        yield started
    finally:
        started.stop()
