"""In which order the workers take the files of tests: what takes longest first, so that they end together.

What shares something that takes long to start (a whole demo, two homeservers) goes to one worker.
"""

from xdist.scheduler import LoadFileScheduling

_LONG = (
    "tests/chaos/test_kills.py",
    "tests/chaos/test_storm.py",
    "tests/e2e/",
    "tests/chaos/",
    "tests/integration/synapse/",
    "tests/integration/appservice/matrix/",
    "tests/integration/demo/",
    "tests/integration/appservice/",
    "tests/integration/",
    "tests/unit/",
)
"""Beginnings of paths; the first that fits says when a file's turn is."""
_TOGETHER = ("tests/integration/synapse/",)
"""Folders whose files go to one worker."""
_DEMO = "tests/e2e/ with one demo"
_WITH_DEMO = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("booking_with_element", "booking_with_nheko", "forgetting", "keys", "markers")
)


class LongestFirst(LoadFileScheduling):
    """pytest-xdist's loadfile; its own order is by the number of tests, which leaves the longest for the end."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        if file in _WITH_DEMO:
            return _DEMO
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


def turn(nodeid: str) -> int:
    """When it is a test's turn: the lower, the earlier."""
    return next((place for place, start in enumerate(_LONG) if nodeid.startswith(start)), len(_LONG))
