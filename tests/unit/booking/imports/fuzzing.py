"""Calendars that nobody should have to read: broken in every way (by a seed), and bombs."""

import random
from collections.abc import Callable

from tests.unit.booking.imports.made import calendar, event

_WORDS = [
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VTIMEZONE", "END:VTIMEZONE",
    "BEGIN:VAVAILABILITY", "END:VAVAILABILITY", "BEGIN:VALARM", "END:VALARM", "TZID:Nowhere", "UID:1", "DTSTART:",
    "DTSTART:20261201T080000Z", "DTSTART;VALUE=DATE:20261201", 'DTSTART;TZID="A:B":20261201T080000', "DTEND:0",
    "DTSTART:00010101T000000", "DTSTART:99991231T235959Z", "DTEND:20261201T093000Z", "DURATION:P99999W",
    "DURATION:PT999999999S", "DURATION:-PT1H", "RRULE:FREQ=DAILY", "RRULE:FREQ=YEARLY;BYDAY=53MO;BYMONTH=2",
    "RRULE:FREQ=WEEKLY;INTERVAL=0", "RRULE:FREQ=MONTHLY;COUNT=999999999;BYMONTHDAY=-31", "RRULE:", "RRULE:FREQ=HOURLY",
    "RRULE:FREQ=DAILY;UNTIL=99999999", "RRULE:FREQ=YEARLY;BYWEEKNO=-53;BYDAY=SU", "RDATE;VALUE=PERIOD:1/2",
    "RDATE:20261201T080000Z,20261202T080000Z", "EXDATE;VALUE=DATE:20261201", "RECURRENCE-ID:20261201T080000Z",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20261201T080000Z", "TRANSP:TRANSPARENT", "STATUS:CANCELLED", " folded", "\t",
    "FREEBUSY:20261201T080000Z/PT1H", "TZOFFSETFROM:+9999", "TZOFFSETTO:-0100", "X-WR-TIMEZONE:Europe/Berlin",
    "X-WR-TIMEZONE:../../etc/passwd", "BEGIN:STANDARD", "END:STANDARD", "BEGIN:AVAILABLE", "END:AVAILABLE", "\x00",
    "SUMMARY:🩺😀", "DTSTART;TZID=Europe/Berlin:20260329T023000", "EXRULE:FREQ=DAILY;INTERVAL=2", "PRIORITY:9",
]  # fmt: skip


_SAYINGS = [word for word in _WORDS if not word.startswith(("BEGIN", "END:"))]


def fuzzed(seed: int) -> bytes:
    """A calendar of random lines, or a good one with a few things broken."""
    dice = random.Random(seed)
    if dice.random() < 0.2:
        lines = [dice.choice(_WORDS) for _ in range(dice.randrange(200))]
        body = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]).encode()
    else:
        made = [
            event(*(dice.choice(_SAYINGS) for _ in range(dice.randrange(6))), uid=str(dice.randrange(3)))
            for _ in range(dice.randrange(60))
        ]
        body = calendar(*made)
    octets = bytearray(body)
    for _ in range(dice.choice((0, 0, 1, 3, 12))):
        if not octets:
            break
        at = dice.randrange(len(octets))
        match dice.randrange(4):
            case 0:
                octets[at] = dice.randrange(256)
            case 1:
                del octets[at : at + dice.randrange(30)]
            case 2:
                octets[at:at] = octets[at : at + dice.randrange(200)] * dice.randrange(20)
            case _:
                octets[at:at] = str(10 ** dice.randrange(20)).encode()
    return bytes(octets)


def _many(count: int, *lines: str, same: bool = False) -> bytes:
    return calendar(*(event(*lines, uid="1" if same else str(n)) for n in range(count)))


_START, _HOUR = "DTSTART:20261201T080000Z", "DURATION:PT1H"
_ZONE = (
    "BEGIN:VTIMEZONE|TZID:Z{n}|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0000|TZOFFSETTO:+0100"
    "|RRULE:FREQ=DAILY|END:STANDARD|END:VTIMEZONE"
)

BOMBS: dict[str, Callable[[], bytes]] = {
    "each second": lambda: _many(1, _START, _HOUR, "RRULE:FREQ=SECONDLY"),
    "each day since the year 1": lambda: _many(15_000, "DTSTART:00010101T080000Z", _HOUR, "RRULE:FREQ=DAILY"),
    "each day at other times": lambda: calendar(*(
        event(
            f"DTSTART:20200101T{n // 60 % 24:02}{n % 60:02}00Z",
            f"DURATION:PT{n // 1440 + 9}M",
            "RRULE:FREQ=DAILY",
            uid=str(n),
        )
        for n in range(14_000)
    )),
    "a count that never ends": lambda: _many(
        2_000, "DTSTART:00010101T080000Z", _HOUR, "RRULE:FREQ=DAILY;COUNT=9999999"
    ),
    "a day that never comes": lambda: _many(
        15_000, "DTSTART:00010101T080000Z", _HOUR, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    ),
    "days that never come": lambda: _many(
        15_000, "DTSTART:00010101T080000Z", _HOUR, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    ),
    "a decade that begins each day": lambda: _many(2_000, _START, "DURATION:P3650D", "RRULE:FREQ=DAILY"),
    "the same series again and again": lambda: calendar(
        *[event(_START, _HOUR, "RRULE:FREQ=DAILY", uid="1")] * 8_000,
        *[event("RECURRENCE-ID;RANGE=THISANDFUTURE:20261202T080000Z", _START, _HOUR, uid="1")] * 8_000,
    ),
    "exceptions everywhere": lambda: calendar(
        *[event(_START, _HOUR, "RRULE:FREQ=DAILY", "EXDATE:" + ",".join(["20270101T080000Z"] * 2_000))] * 200
    ),
    "a list of dates": lambda: _many(1, _START, "RDATE:" + ",".join(["20270101T080000Z"] * 500_000)),
    "lists of dates": lambda: _many(60, _START, _HOUR, "RDATE:" + ",".join(["20270101T080000Z"] * 9_000)),
    "deep nesting": lambda: b"BEGIN:VCALENDAR\r\n" * 100_000,
    "deep nesting of what is passed over": lambda: b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 500_000,
    "one line of 100 MB": lambda: b"BEGIN:VCALENDAR\r\nSUMMARY:" + b"x" * 100_000_000,
    "one line": lambda: calendar(event(_START, _HOUR, "SUMMARY:" + "x" * 9_900_000)),
    "one line, folded": lambda: calendar(event(_START, _HOUR, "SUMMARY:" + "\r\n x" * 2_000_000)),
    "lines": lambda: b"BEGIN:VCALENDAR\r\n" + b"A:\n" * 3_000_000 + b"END:VCALENDAR\r\n",
    "properties": lambda: calendar(event(*["UID:1"] * 900_000)),
    "calendars": lambda: b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" * 300_000,
    "zones": lambda: calendar(*(_ZONE.format(n=n) for n in range(99)), *(
        event(f"DTSTART;TZID=Z{n % 99}:20261201T080000", _HOUR, uid=str(n)) for n in range(1_000)
    )),
    "names of zones": lambda: calendar(*(
        event(f"DTSTART;TZID=Nowhere/{n}:20261201T080000", _HOUR, uid=str(n)) for n in range(14_000)
    )),
    "every other minute": lambda: calendar(*(
        event(f"DTSTART:20261201T{n // 30:02}{n % 30 * 2:02}00Z", "DURATION:PT1M", "RRULE:FREQ=DAILY", uid=str(n))
        for n in range(720)
    )),
    "availabilities": lambda: calendar(*(["BEGIN:VAVAILABILITY|UID:1|END:VAVAILABILITY"] * 19_000)),
    "emoji": lambda: calendar(event(_START, _HOUR, "DESCRIPTION:" + "🩺" * 2_400_000)),
}  # fmt: skip
