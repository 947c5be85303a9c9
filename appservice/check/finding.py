"""What a check found: how bad it is, and what to do about it. Never holds a secret or a person's data."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    about: str
    """What was looked at: database, homeserver, tokens ..."""
    sentence: str
    remedy: str = ""


def ok(about: str, sentence: str) -> Finding:
    return Finding(Level.OK, about, sentence)


def warning(about: str, sentence: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, about, sentence, remedy)


def wrong(about: str, sentence: str, remedy: str) -> Finding:
    return Finding(Level.WRONG, about, sentence, remedy)
