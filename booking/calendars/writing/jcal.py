"""The same as jCal (RFC 7265)."""

import json
from typing import Any

from booking.calendars.writing.tree import Component, Property, components, dashed, rule_of, written


class JcalWriter:
    """Takes a calendar in pieces, each of whole components but for the first, its head, and the last, its end."""

    def __init__(self) -> None:
        self._begun = False
        self._several = False

    def write(self, piece: str) -> str:
        """Return the next part of the JSON text."""
        out = []
        for each in components(piece):
            if each.name == "VCALENDAR":
                assert not self._begun
                self._begun = True
                head = _component(each)
                out.append(f'["vcalendar",{_dumped(head[1])},[')
                rest = head[2]
            else:
                rest = [_component(each)]
            for one in rest:
                out.append(f"{',' if self._several else ''}{_dumped(one)}")
                self._several = True
        return "".join(out)

    def end(self) -> str:
        """Return the last part."""
        return "]]"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _component(one: Component) -> list[Any]:
    return [one.name.lower(), [_property(each) for each in one.properties], [_component(c) for c in one.components]]


def _property(one: Property) -> list[Any]:
    parameters = {name.lower(): value for name, value in one.parameters.items()}
    value: Any = written(one.kind, one.value)
    if one.kind == "integer":
        value = int(one.value)
    elif one.kind == "recur":
        value = {name.lower(): _part(name, part) for name, part in rule_of(one.value).items()}
    elif one.kind == "period":
        value = [dashed(end) for end in one.value.split("/")]
    return [one.name.lower(), parameters, one.kind, value]


def _part(name: str, value: str) -> Any:
    if name == "UNTIL":
        return dashed(value)
    parts: list[Any] = [int(part) if part.lstrip("-").isdigit() else part for part in value.split(",")]
    return parts if len(parts) > 1 else parts[0]
