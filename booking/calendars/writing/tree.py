"""Our own content lines, taken apart again: for the other forms that they are written in. Pure.

It reads what this package writes, and is no reader for the calendars of others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Z0-9-]+")
_PARAMETER = re.compile(r';([A-Z0-9-]+)=("[^"]*"|[^";:,]*)')
_ESCAPES = re.compile(r"\\(.)", re.DOTALL)
_DEFAULT = {
    "DTSTART": "date-time",
    "DTEND": "date-time",
    "DTSTAMP": "date-time",
    "LAST-MODIFIED": "date-time",
    "RECURRENCE-ID": "date-time",
    "EXDATE": "date-time",
    "RRULE": "recur",
    "SEQUENCE": "integer",
    "PRIORITY": "integer",
    "URL": "uri",
    "ORGANIZER": "cal-address",
    "ATTENDEE": "cal-address",
    "TRIGGER": "duration",
    "REFRESH-INTERVAL": "duration",
    "FREEBUSY": "period",
    "TZOFFSETFROM": "utc-offset",
    "TZOFFSETTO": "utc-offset",
}


@dataclass(frozen=True, slots=True)
class Property:
    """`value` is as it was meant: not escaped any more."""

    name: str
    parameters: dict[str, str]
    kind: str
    """The type of its value, like date-time or text; unknown for X- properties without one."""
    value: str


@dataclass(slots=True)
class Component:
    """With what is within it."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list["Component"] = field(default_factory=list)


def components(text: str) -> Iterator[Component]:
    """Yield the components of a text one after the other, each when it has ended; one without an end last."""
    stack: list[Component] = []
    for line in text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        if line.startswith("BEGIN:"):
            stack.append(Component(line[6:]))
        elif line.startswith("END:"):
            if not stack:
                continue  # of what began in an earlier piece
            ended = stack.pop()
            if stack:
                stack[-1].components.append(ended)
            else:
                yield ended
        else:
            stack[-1].properties.append(_property(line))
    if stack:
        yield stack[0]


def _property(line: str) -> Property:
    found = _NAME.match(line)
    assert found
    name, at, parameters = found[0], found.end(), {}
    while parameter := _PARAMETER.match(line, at):
        parameters[parameter[1]] = parameter[2].strip('"')
        at = parameter.end()
    value = line[at + 1 :]
    kind = parameters.pop("VALUE", "").lower() or _DEFAULT.get(name, "unknown" if name.startswith("X-") else "text")
    if kind in {"text", "unknown"}:
        value = _ESCAPES.sub(lambda escape: "\n" if escape[1] in "nN" else escape[1], value)
    return Property(name, parameters, kind, value)


def rule_of(value: str) -> dict[str, str]:
    """The parts of a recurrence rule."""
    return dict(part.split("=", 1) for part in value.split(";"))


def dashed(stamp: str) -> str:
    """2026-12-01T12:00:00Z, as jCal and xCal have it."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:]}"


def written(kind: str, value: str) -> str:
    """Return a value as RFC 7265 section 3.4 and RFC 6321 section 3.6 have it, but for rules and periods."""
    match kind:
        case "date-time":
            return dashed(value)
        case "utc-offset":
            return ":".join([value[:3], *(value[n : n + 2] for n in range(3, len(value), 2))])
        case _:
            return value
