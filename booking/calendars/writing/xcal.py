"""The same as xCal (RFC 6321)."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from booking.calendars.writing.tree import Component, Property, components, dashed, rule_of, written

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<icalendar xmlns="urn:ietf:params:xml:ns:icalendar-2.0"><vcalendar>'
_ORDER = (
    *("FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY"),
    *("BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"),
)
"""Of the parts of a rule, which the schema has in a sequence (RFC 6321 appendix A)."""


class XcalWriter:
    """Takes a calendar in pieces, as JcalWriter does."""

    def write(self, piece: str) -> str:
        """Return the next part of the XML text."""
        return "".join(self._parts(piece))

    def _parts(self, piece: str) -> Iterator[str]:
        for each in components(piece):
            if each.name == "VCALENDAR":
                yield f"{_HEAD}{_properties(each)}<components>"
                yield from map(_component, each.components)
            else:
                yield _component(each)

    def end(self) -> str:
        """Return the last part."""
        return "</components></vcalendar></icalendar>\n"


def _component(one: Component) -> str:
    name = one.name.lower()
    within = "".join(map(_component, one.components))
    inner = f"<components>{within}</components>" if within else ""
    return f"<{name}>{_properties(one)}{inner}</{name}>"


def _properties(one: Component) -> str:
    return f"<properties>{''.join(map(_property, one.properties))}</properties>"


def _property(one: Property) -> str:
    parameters = "".join(
        f"<{name.lower()}><{_parameter(name)}>{escape(value)}</{_parameter(name)}></{name.lower()}>"
        for name, value in one.parameters.items()
    )
    head = f"<parameters>{parameters}</parameters>" if parameters else ""
    return f"<{one.name.lower()}>{head}{_value(one)}</{one.name.lower()}>"


def _parameter(name: str) -> str:
    """The type of a parameter's value (RFC 6321 section 3.5)."""
    return "boolean" if name == "RSVP" else "text"


def _value(one: Property) -> str:
    if one.kind == "recur":
        known = rule_of(one.value)
        parts = ((name, part) for name in _ORDER if name in known for part in known[name].split(","))
        inner = "".join(
            f"<{name.lower()}>{dashed(part) if name == 'UNTIL' else escape(part)}</{name.lower()}>"
            for name, part in parts
        )
    elif one.kind == "period":
        start, end = one.value.split("/")
        inner = f"<start>{dashed(start)}</start><end>{dashed(end)}</end>"
    else:
        inner = escape(written(one.kind, one.value))
    return f"<{one.kind}>{inner}</{one.kind}>"
