"""The process that reads one calendar and ends: `python -m booking.imports.child ZONE NOW`, the calendar on stdin.

It limits itself before it looks at anything, and knows no secret of the service's. It says, a JSON line each, how far
it is, and then what it read, or the sentence that says why not. See sandbox for who starts it.
"""

import json
import resource
import sys
from dataclasses import asdict
from datetime import datetime

MEMORY = 100 * 1024 * 1024
SECONDS = 3
"""Of processor time. What a file may cost is counted (recurrence.Budget); this is for what nobody counted."""


def main() -> None:
    """Read stdin; answer on stdout."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from booking.imports.reading import read_calendar  # noqa: PLC0415  (what it imports is under the limits, too)
    from core.errors import UserError  # noqa: PLC0415

    home, now = sys.argv[1:3]
    body = sys.stdin.buffer.read()
    try:
        read = read_calendar(body, home, datetime.fromisoformat(now), lambda done, of: _say({"done": done, "of": of}))
    except UserError as refused:
        _say({"refused": refused.sentence, "values": refused.values})
    else:
        _say({"read": asdict(read)})


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
