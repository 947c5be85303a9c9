"""A small storm. `python -m tests.chaos.storm SECONDS SEED` is a larger one, for minutes or hours."""

import pytest

from demo.run import Demo
from tests.chaos.replicas import replicated
from tests.chaos.storm import weather

_SECONDS = 15
_SEED = 7


@pytest.mark.timeout(900)
async def test_each_command_has_one_effect_and_one_answer_whoever_is_killed(demo: Demo) -> None:
    with replicated(demo, "one", "two") as replicas:
        said = await weather(demo, replicas, _SECONDS, _SEED)
        assert all(victim in said for victim in ("leader", "other", "Synapse", "PostgreSQL")), said
