"""The tour is what we show: it plays all the roles, checks each step itself, and ends with how it went."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)
def test_the_tour_goes_well(tmp_path: Path) -> None:
    transcript = tmp_path / "transcript"
    command = [sys.executable, "-m", "demo", "--folder", str(tmp_path / "demo"), "--ports-from", "0", "--tour"]
    with transcript.open("w") as output:
        played = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        code = played.wait(480)
    finally:
        if played.poll() is None:
            played.terminate()  # it stops all its parts
            played.wait(60)
    assert code == 0, transcript.read_text()
    assert "BROKEN" not in transcript.read_text()
