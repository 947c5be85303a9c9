"""The lines of an iCalendar file, put together to components (RFC 5545 section 3.1). Pure, and within limits.

Only properties that say when something is are looked at; nobody's words get further than this. It is written for
calendars that nobody vouches for: each limit that is passed is a sentence, and what is cut short is refused as a whole,
since half a calendar would look like free time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.errors import BadInputError

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 15_000
_MOST_VALUES = 10_000
"""Values of one property: an RDATE or EXDATE list."""
_DEEPEST = 6
_MOST_ZONES = 200
_MOST_COMPONENTS = 60_000
_MOST_LINES = 600_000
_MOST_PROPERTIES = 300_000

_TIMES = frozenset(
    "DTSTART DTEND DURATION RRULE RDATE EXDATE EXRULE RECURRENCE-ID UID STATUS TRANSP SEQUENCE FREEBUSY"
    " TZID X-LIC-LOCATION X-WR-TIMEZONE TZOFFSETFROM TZOFFSETTO PRIORITY".split()
)
_LOOKED_AT = frozenset("VCALENDAR VEVENT VTIMEZONE STANDARD DAYLIGHT VFREEBUSY VAVAILABILITY AVAILABLE".split())
_FOLD = re.compile(r"\r?\n[ \t]")
_TOO_MUCH = "That calendar has more in it than I can go through. Please export a shorter time of it."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BROKEN = "That is no calendar, or it is cut short. Please export it again, as an .ics file."


@dataclass(frozen=True, slots=True)
class Property:
    """A value with the parameters that bear on time."""

    value: str
    tzid: str = ""
    kind: str = ""
    """The parameter VALUE: DATE, PERIOD."""
    marks: str = ""
    """FBTYPE of busy times, RANGE of a RECURRENCE-ID."""


@dataclass(slots=True)
class Component:
    """Something between BEGIN and END."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list["Component"] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """The value as a word, in capitals."""
        found = self.first(name)
        return found.value.strip().upper() if found else ""

    def all(self, name: str) -> list[Property]:
        return self.properties.get(name, [])

    def called(self, name: str) -> Iterator["Component"]:
        return (each for each in self.parts if each.name == name)


def too_large() -> BadInputError:
    """What is said of more than that."""
    return BadInputError("That calendar is too large: {most} MB are the most.", most=MOST_BYTES // 1024 // 1024)


def components(body: bytes) -> list[Component]:
    """Return the calendars of a file; some have several. Raises BadInputError for what is none, or is too much."""
    if len(body) > MOST_BYTES:
        raise too_large()
    # An octet is a letter here: what is looked at is ASCII, and emoji in what is not would take four times as much.
    text = _FOLD.sub("", body.removeprefix(_BYTE_ORDER_MARK).decode("latin-1"))
    tree = _Tree()
    properties = 0
    for n, line in enumerate(_lines(text)):
        if n > _MOST_LINES or properties > _MOST_PROPERTIES:
            raise BadInputError(_TOO_MUCH)
        head = line[:6].upper()
        if head == "BEGIN:":
            tree.begin(line[6:40].strip().upper())
        elif head.startswith("END:"):
            tree.end(line[4:40].strip().upper())
        elif tree.looks:
            properties += _add(tree.stack[-1], line)
    return tree.calendars()


class _Tree:
    """The components that are open, and what was closed in them."""

    def __init__(self) -> None:
        self.stack = [Component("")]
        self._skipped: list[str] = []
        self._events = self._zones = self._count = 0

    @property
    def looks(self) -> bool:
        """Whether the line is one of a component that is looked at."""
        return not self._skipped and len(self.stack) > 1

    def begin(self, name: str) -> None:
        if len(self.stack) + len(self._skipped) > _DEEPEST:
            raise BadInputError("That calendar is nested deeper than calendars are. I don't read it.")
        if self._skipped or name not in _LOOKED_AT:
            self._skipped.append(name)
            return
        self._count += 1
        if self._count > _MOST_COMPONENTS:
            raise BadInputError(_TOO_MUCH)
        self._events += name in ("VEVENT", "AVAILABLE", "VFREEBUSY")
        self._zones += name in ("VTIMEZONE", "STANDARD", "DAYLIGHT")
        if self._events > MOST_EVENTS:
            raise BadInputError("That calendar has too many events: {most} are the most.", most=MOST_EVENTS)
        if self._zones > _MOST_ZONES:
            raise BadInputError("That calendar defines more time zones than there are. I don't read it.")
        self.stack.append(Component(name))
        self.stack[-2].parts.append(self.stack[-1])

    def end(self, name: str) -> None:
        if self._skipped:
            if self._skipped.pop() != name:
                raise BadInputError(_BROKEN)
        elif len(self.stack) == 1 or self.stack.pop().name != name:
            raise BadInputError(_BROKEN)

    def calendars(self) -> list[Component]:
        found = list(self.stack[0].called("VCALENDAR"))
        if len(self.stack) > 1 or self._skipped or not found:
            raise BadInputError(_BROKEN)
        return found


def _lines(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end].rstrip("\r")
        start = end + 1
    yield text[start:].rstrip("\r")


def _add(component: Component, line: str) -> bool:
    """Add a property to a component, if it is one that is looked at."""
    end = 0
    for end, letter in enumerate(line[:20]):  # noqa: B007  (where the name ends)
        if letter in ":;":
            break
    else:
        return False
    name = line[:end].upper()
    if name not in _TIMES:
        return False
    tzid = kind = marks = ""
    if line[end] == ":":
        value = line[end + 1 :]
    else:
        parameters, value = _parted(line[end + 1 :])
        for parameter in parameters:
            key, _, said = parameter.partition("=")
            match key.upper():
                case "TZID":
                    tzid = said.strip('"')
                case "VALUE":
                    kind = said.strip('"').upper()
                case "FBTYPE" | "RANGE":
                    marks = said.strip('"').upper()
                case _:
                    pass
    known = component.properties.setdefault(name, [])
    if len(known) + value.count(",") > _MOST_VALUES:
        raise BadInputError("An event in that calendar has a list of dates that is too long. I don't read it.")
    known.append(Property(value, tzid, kind, marks))
    return True


def _parted(text: str) -> tuple[list[str], str]:
    """Part the parameters of a line from its value; a colon or semicolon in quotes belongs to a parameter."""
    if '"' not in text:
        head, _, value = text.partition(":")
        return head.split(";"), value
    parameters, start, quoted = [], 0, False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in ";:":
            parameters.append(text[start:at])
            start = at + 1
            if letter == ":":
                return parameters, text[start:]
    return parameters, ""
