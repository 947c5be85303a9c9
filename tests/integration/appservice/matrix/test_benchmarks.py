"""Benchmarks in small, so that they still run when somebody wants to measure. How quick they are is not looked at."""

from benchmarks import consultations
from core.settings import Settings
from demo.homeserver import Homeserver


async def test_rooms_are_opened_by_the_service_and_by_bare_requests(homeserver: Homeserver, settings: Settings) -> None:
    ours, bare = await consultations.measure(homeserver, settings, rooms=2, people=2)
    assert min(ours, bare) > 0
