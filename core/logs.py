"""Structured logs without personal data: an event's name, and fields from a list of harmless ones."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

# A field that is not named here is not written. Rows' ids are random and mean nothing outside the database.
_HARMLESS = frozenset(
    "event level timestamp error kind lane_kind row attempts seconds count state port path method status"
    " replica reason source version url_host migration".split()
)


def _only_harmless(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in fields.items() if name in _HARMLESS}


def set_up_logs(level: str = "INFO") -> None:
    """Send everything, libraries' records too, to standard error as lines of JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_harmless,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries put URLs, bodies and names into their messages and tracebacks: of theirs only who and how bad is kept.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[level]), handlers=[handler], force=True
    )


class _LibraryFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {"event": "library", "source": record.name, "level": record.levelname.lower(), "error": error}
        renderer = structlog.processors.JSONRenderer()
        return str(renderer(None, "", {**line, "timestamp": self.formatTime(record)}))


def log(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room of the house: `log("booking.payments").info("refund made", row=...)`."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(source=name))
