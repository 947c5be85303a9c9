"""Calendars as text, made of their lines."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of the lines of its components; a line break for each `|`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *filter(None, head.split("|"))]
    for event in events:
        lines += event.split("|")
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str, uid: str = "1@test") -> str:
    return "|".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "SUMMARY:secret", "END:VEVENT"])
