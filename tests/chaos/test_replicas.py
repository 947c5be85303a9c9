"""Two of careConnect share a database; the one that leads is killed while people ask, and the other answers."""

import asyncio
import sys
import time
from collections.abc import Iterator

import pytest

from demo.child import Child, free_port
from demo.client import Person
from demo.run import CARECONNECT, Demo
from tests.chaos.booking import PATIENCE, newcomer

_PATIENTS = 3


@pytest.fixture
def leading(demo: Demo) -> Iterator[Child]:
    """Another careConnect, which leads. The demo's own stands by, on the port to which the homeserver turns."""
    demo.careconnect.stop()
    port = free_port()
    environment = {**demo.environment, "CARECONNECT_HTTP__PORT": str(port)}
    child = Child("the leading careConnect", [str(CARECONNECT), "serve"], demo.logs / "leading.log", env=environment)
    child.start()
    child.wait_for(f"http://127.0.0.1:{port}/health/ready")
    demo.careconnect.start()
    demo.careconnect.wait_for(f"http://127.0.0.1:{demo.ports.careconnect}/health/ready")
    yield child
    child.kill()


async def test_another_replica_takes_over_and_each_question_is_answered_once(
    demo: Demo, leading: Child, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = [await newcomer(demo) for _ in range(_PATIENTS)]
    for person, room in patients:
        await person.ask(room, "help", seconds=PATIENCE)
    led_before = demo.careconnect.log.read_text().count('"leading"')
    before = [len(person.heard) for person, _ in patients]

    await asyncio.gather(*(person.say(room, f"name Ida Storm {n}") for n, (person, room) in enumerate(patients)))
    leading.kill()  # at whatever it is just doing for them
    died = time.monotonic()

    async def answered(n: int, person: Person, room: str) -> float:
        await person.hears(f"Ida Storm {n}", room=room, since=before[n], seconds=PATIENCE)
        return time.monotonic() - died

    times = await asyncio.gather(*(answered(n, *patient) for n, patient in enumerate(patients)))
    with capsys.disabled():
        sys.stdout.write(
            f"\nanswers came {min(times):.2f} to {max(times):.2f} s after the leading process was killed\n"
        )
    assert demo.careconnect.log.read_text().count('"leading"') == led_before + 1

    for n, (person, room) in enumerate(patients):
        await person.ask(room, "cardiologist near Berlin", "Berlin", seconds=PATIENCE)
        said = [heard.body for heard in person.heard[before[n] :]]
        assert sum(f"Ida Storm {n}" in words for words in said) == 1
        assert len(said) == 2
        assert person.unreadable == []
        await person.close()
