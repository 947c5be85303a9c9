"""What is personal never reaches the log."""

import json
import subprocess
import sys

_PROGRAM = """
import logging
from core.logs import log, set_up_logs
set_up_logs("INFO")
log("core.test").info("it happened", row="42", patient="MARKER", body="MARKER")
try:
    raise ValueError("MARKER")
except ValueError:
    logging.getLogger("aiohttp").exception("a request for MARKER failed: %s", "MARKER")
logging.getLogger("aiohttp").info("MARKER")
"""


def test_only_harmless_fields_are_written_and_libraries_keep_their_messages_to_themselves() -> None:
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    ours, theirs = (json.loads(line) for line in ran.stderr.splitlines())
    assert ours["event"] == "it happened"
    assert ours["row"] == "42"
    assert ours["source"] == "core.test"
    assert theirs["source"] == "aiohttp"
    assert theirs["error"] == "ValueError"
    assert "MARKER" not in ran.stderr + ran.stdout
