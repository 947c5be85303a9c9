"""A visit is booked with matrix-commander, a client for the command line, as its users run it: a process a message.

`make clients` installs it into a place of its own and runs this; it is not among the tests of every day, because each
of its processes takes seconds. It cannot name rooms of version 12 (their ids have no server), so the room is of 11.
"""

import asyncio
import json
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from demo.run import Demo
from demo.spoken import address_in, choice_of, code_in
from demo.stripe.payer import pay

_PROGRAM = Path(__file__).parents[2] / ".venv" / "clients" / "bin" / "matrix-commander"
_SECONDS = 300


class Commander:
    """Somebody at a command line."""

    def __init__(self, homeserver: str, folder: Path) -> None:
        self._homeserver = homeserver
        self._folder = folder
        self._room = ""

    def run(self, *words: str) -> str:
        place = ["--credentials", str(self._folder / "credentials.json"), "--store", str(self._folder / "store")]
        ran = subprocess.run([str(_PROGRAM), *place, *words], capture_output=True, text=True, timeout=240, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def log_in(self, user: str, password: str) -> None:
        self.run(
            *("--login", "password", "--device", "commander", "--user-login", user, "--password", password),
            *("--homeserver", self._homeserver, "--room-default", "!none:localhost"),
        )

    def begin(self, bot: str) -> None:
        """An encrypted room with the bot."""
        token = json.loads((self._folder / "credentials.json").read_text())["access_token"]
        encryption = {"algorithm": "m.megolm.v1.aes-sha2"}
        body = {
            "room_version": "11",
            "is_direct": True,
            "invite": [bot],
            "preset": "trusted_private_chat",
            "initial_state": [{"type": "m.room.encryption", "state_key": "", "content": encryption}],
        }
        request = urllib.request.Request(
            f"{self._homeserver}/_matrix/client/v3/createRoom",
            method="POST",
            headers={"Authorization": f"Bearer {token}"},
            data=json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as answer:
            self._room = json.load(answer)["room_id"]

    def say(self, text: str) -> None:
        self.run("--room", self._room, "-m", text)

    def hears(self, wanted: str) -> str:
        """Listen until something with these words came; return all that was printed meanwhile."""
        heard = ""
        until = time.monotonic() + _SECONDS
        while wanted not in heard:
            assert time.monotonic() < until, heard
            heard += self.run("--listen", "once")
        return heard


@pytest.mark.timeout(1800)
async def test_a_visit_is_booked_with_matrix_commander(demo: Demo, tmp_path: Path) -> None:
    demo.homeserver.register("mia", "pw-of-mia")
    mia = Commander(demo.homeserver.url, tmp_path)
    mia.log_in("@mia:localhost", "pw-of-mia")
    mia.begin(demo.bot_id)
    mia.hears("Hello mia!")
    doctor = demo.accounts.doctor.name
    mia.say("cardiologist near Berlin online under 60")
    found = mia.hears(doctor)
    mia.say(str(choice_of("\n".join(line.strip() for line in found.splitlines()), doctor) or 1))
    mia.hears("Answer with a number to book")
    mia.say("1")
    card = mia.hears("Held for you until")
    await pay(str(address_in(card, f":{demo.ports.stripe}/")))
    done = await asyncio.to_thread(mia.hears, "Confirmed")
    assert code_in(done) == code_in(card)
