"""What end-to-end tests share: the whole demo, running, one for each worker."""

from collections.abc import Iterator

import pytest

from demo.ports import Ports
from demo.run import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """PostgreSQL, Synapse, the stand-in for Stripe and careConnect with its directory, as `make demo` starts them."""
    started = Demo(tmp_path_factory.mktemp("demo"), Ports.free())
    try:
        started.start()
        yield started
    finally:
        started.stop()
