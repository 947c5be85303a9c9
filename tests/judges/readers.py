"""Other people's readers of iCalendar, each asked for the faults it finds."""

import asyncio
import re
import shutil
import subprocess
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import ics
import recurring_ical_events
import vobject
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, Component

from tests.judges.lint import lint

_C = Path(__file__).parent / "libical_check.c"
_TYPE = re.compile(rb";VALUE=(?:TEXT|DURATION|UNKNOWN)")
"""Which icalendar writes of what it had from jCal, where nobody needs it."""
_JS = Path(__file__).parents[1] / "e2e" / "js"


def judged(feed: bytes) -> dict[str, list[str]]:
    """Return what each judge that runs in Python says against a calendar, without those that say nothing."""
    said = {
        "our lint": lint(feed),
        "icalendar": by_icalendar(feed),
        "ical": by_ical(feed),
        "ics": by_ics(feed),
        "vobject": by_vobject(feed),
        "recurring-ical-events": by_recurring(feed),
    }
    return {judge: faults for judge, faults in said.items() if faults}


def by_icalendar(feed: bytes) -> list[str]:
    """PyPI icalendar: its list of errors, and the required properties."""
    read = Calendar.from_ical(feed)
    found = [str(error) for part in read.walk() for error in part.errors]
    return found + [f"{part.name} lacks {name}" for part in read.walk() for name in part.required if name not in part]


def by_icalendar_as_jcal(jcal: bytes, feed: bytes) -> list[str]:
    """PyPI icalendar: what it reads in jCal is what it reads in the calendar itself."""
    one, other = Component.from_jcal(jcal.decode()), Calendar.from_ical(feed)
    found = [f"{part.name}: {error}" for part in one.walk() for error in part.errors]
    as_jcal, as_ical = (set(_TYPE.sub(b"", each.to_ical()).split(b"\r\n")) for each in (one, other))
    return found + [f"differs: {line!r}" for line in sorted(as_jcal ^ as_ical)]


def xcal_as_jcal(xcal: bytes) -> Any:
    """xCal as the jCal that says the same (RFC 6321 and RFC 7265 name types and values alike)."""
    [calendar] = ElementTree.fromstring(xcal)
    return _component(calendar)


def _component(element: Element) -> list[Any]:
    inner = {_name(each): each for each in element}
    properties = [_property(each) for each in inner.get("properties", ())]
    return [_name(element), properties, [_component(each) for each in inner.get("components", ())]]


def _property(element: Element) -> list[Any]:
    parts = {_name(each): each for each in element}
    given = parts.pop("parameters", ())
    [(kind, value)] = parts.items()
    return [_name(element), {_name(each): each[0].text for each in given}, kind, _value(kind, value)]


def _value(kind: str, element: Element) -> Any:
    if kind == "integer":
        return int(element.text or "")
    if kind == "period":
        return [each.text for each in element]
    if kind != "recur":
        return element.text or ""
    rule: dict[str, list[Any]] = {}
    for each in element:
        text = each.text or ""
        rule.setdefault(_name(each), []).append(int(text) if text.lstrip("-").isdigit() else text)
    return {name: values if len(values) > 1 else values[0] for name, values in rule.items()}


def _name(element: Element) -> str:
    namespace, _, name = element.tag.rpartition("}")
    assert namespace == "{urn:ietf:params:xml:ns:icalendar-2.0"
    return name


def by_ical(feed: bytes) -> list[str]:
    """PyPI ical, the strictest of them: RRULE, the type of UNTIL, STATUS, TRIGGER, duplicates."""
    return _raised(lambda: IcsCalendarStream.calendar_from_ics(feed.decode()))


def by_ics(feed: bytes) -> list[str]:
    """PyPI ics: ends before starts, STATUS, PRODID."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _raised(lambda: [*ics.Calendar(feed.decode()).events])


def by_vobject(feed: bytes) -> list[str]:
    """PyPI vobject: required properties, and how many there may be."""
    return _raised(lambda: vobject.readOne(feed.decode()).validate(raiseException=True))


def by_recurring(feed: bytes) -> list[str]:
    """PyPI recurring-ical-events: everything expands."""

    def expand() -> None:
        read = Calendar.from_ical(feed)
        times = [event["DTSTART"].dt for event in read.walk("VEVENT")]
        moments = [each for each in times if isinstance(each, datetime)]
        if moments:
            days = timedelta(days=400)
            list(recurring_ical_events.of(read).between(min(moments) - days, min(moments) + days))

    return _raised(expand)


def _raised(judge: object) -> list[str]:
    try:
        judge()  # type: ignore[operator]
    except Exception as fault:  # noqa: BLE001  (whatever a judge says is its verdict)
        return [f"{type(fault).__name__}: {str(fault)[:300]}"]
    return []


def libical_check(folder: Path) -> Path:
    """Return the program that asks libical 3, made from its C source."""
    program = folder / "libical_check"
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "apt-get install gcc libc6-dev libical-dev"
    subprocess.run([compiler, "-o", program, _C, "-lical"], check=True, capture_output=True)
    return program


async def by_libical(program: Path, feed: bytes) -> list[str]:
    """Debian's libical: its parser's errors, and the restrictions of iTIP on how many of each there are."""
    return await _told(feed, str(program))


async def by_ical_js(feed: bytes) -> list[str]:
    """npm ical.js, Thunderbird's parser, of a calendar or its jCal: all is read, expanded, and comes back the same."""
    node = shutil.which("node")
    assert node
    return await _told(feed, node, str(_JS / "judge_calendar.mjs"))


async def _told(feed: bytes, *command: str) -> list[str]:
    judge = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await judge.communicate(feed)
    assert judge.returncode == 0, err.decode()
    return [line for line in out.decode().splitlines() if line]
