"""What a service is like, as its centre writes it: 30 min, 60, online, group of 8, needs approval, with Room 3. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from appservice.conversation.understanding.text import Reading
from booking.directory.model import Mode, Patients, Payment

_MIN = r"(?:min(?:ute)?s?|m)"
_LENGTH = rf"(?P<n>\d{{1,5}}) ?(?P<unit>{_MIN}|h(?:ours?|rs?)?|d(?:ays?)?|w(?:eeks?)?)"
_UNITS = {"m": 1, "h": 60, "d": 1440, "w": 10080}
_MINUTES: dict[str, re.Pattern[str]] = {
    "buffer_before": re.compile(rf"\b(?P<n>\d{{1,5}}) ?(?P<unit>{_MIN})? before\b", re.IGNORECASE),
    "buffer_after": re.compile(rf"\b(?P<n>\d{{1,5}}) ?(?P<unit>{_MIN})? after\b", re.IGNORECASE),
    "min_notice_minutes": re.compile(
        rf"\b(?:notice:? (?:of )?{_LENGTH}\b|{_LENGTH.replace('P<', 'P<x')} notice\b)", re.I
    ),
    "grid_minutes": re.compile(rf"\bevery (?P<n>\d{{1,5}}) ?(?P<unit>{_MIN}|h(?:ours?)?)\b", re.IGNORECASE),
}
_LENGTH_OF_VISIT = re.compile(rf"\b(?:length:? )?(?P<n>\d{{1,5}}) ?(?P<unit>{_MIN}|h(?:ours?)?)\b", re.IGNORECASE)
_NO_NOTICE = re.compile(r"\b(?:no|without) notice\b", re.IGNORECASE)
_WINDOW = re.compile(
    r"\b(?:window:? )?(?P<n>\d{1,5}) ?(?P<unit>days?|d|weeks?|w)(?: ahead| in advance)?\b", re.IGNORECASE
)
_GROUP = re.compile(r"\b(?:(?:in )?(?:a )?groups? of (?P<n>\d{1,5})|(?P<none>no group))\b", re.IGNORECASE)
_APPROVAL = re.compile(
    r"\b(?P<no>no approval|without approval|needs no approval)\b|\b(?:needs? |by |with )?(?:the centre's |an? )?approval\b",
    re.IGNORECASE,
)
_PATIENTS = re.compile(
    r"\b(?:for |only )*(?P<who>new|known|existing|all)(?P<both> and (?:new|known|existing))? patients?(?: only)?\b",
    re.IGNORECASE,
)
_ONLINE = re.compile(r"\b(?:online|video)\b", re.IGNORECASE)
_IN_PERSON = re.compile(r"\bin[- ]person\b", re.IGNORECASE)
_DESK = re.compile(r"\b(?:paid |pay )?(?:at the )?desk\b", re.IGNORECASE)
_PREPAY = re.compile(r"\b(?:paid |pay )?(?:in advance|prepaid|prepay)\b", re.IGNORECASE)
_FREE = re.compile(r"\bfree(?: of charge)?\b", re.IGNORECASE)
_RENAMED = re.compile(r'\b(?:name|called|rename(?:d)? to) "(?P<name>[^"]{1,200})"', re.IGNORECASE)
_PRICE = re.compile(r"\b(?:price|costs?):? (?P<price>\S+(?: [A-Za-z]{3}\b)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said of a service; the rest is as it was."""

    values: dict[str, Any]
    """By the names of Service's fields; the price is not among them."""
    price: str | None = None
    """As it was written; "0" for free."""
    name: str | None = None
    """A new name."""
    along: list[str] = field(default_factory=list)
    """Names of rooms and devices that it is booked with."""
    without: list[str] = field(default_factory=list)


def read_terms(words: Reading, known: Iterable[str] = ()) -> Terms:
    """Take all that is said of a service; what is left is not understood, or the price. `known`: rooms and devices."""
    values: dict[str, Any] = {}
    renamed, price = words.take(_RENAMED), words.take(_PRICE)
    for name, pattern in _MINUTES.items():
        if found := words.take_amount(pattern):
            values[name] = _minutes(found)
    if words.take(_NO_NOTICE):
        values["min_notice_minutes"] = 0
    if window := words.take_amount(_WINDOW):
        values["window_days"] = int(window["n"]) * (7 if window["unit"][0].lower() == "w" else 1)
    if approval := words.take(_APPROVAL):
        values["approval"] = not approval["no"]
    along, without = _rooms(words, known)
    desk, prepay, free = words.take(_DESK), words.take(_PREPAY), words.take(_FREE)
    if desk or prepay:
        values["payment"] = Payment.DESK if desk else Payment.PREPAY
    online, in_person = words.take(_ONLINE), words.take(_IN_PERSON)
    if online or in_person:
        values["mode"] = Mode.ONLINE if online else Mode.IN_PERSON
    if group := words.take(_GROUP):
        values["capacity"] = 1 if group["none"] else int(group["n"])
    if patients := words.take(_PATIENTS):
        who = "all" if patients["both"] else patients["who"].lower()
        values["patients"] = {"new": Patients.NEW, "all": Patients.ALL}.get(who, Patients.KNOWN)
    if length := words.take_amount(_LENGTH_OF_VISIT):
        values["minutes"] = _minutes(length)
    return Terms(
        values, "0" if free else price["price"] if price else None, renamed["name"].strip() if renamed else None,
        along, without,
    )  # fmt: skip


def _minutes(found: re.Match[str]) -> int:
    fields = {key: value for key, value in found.groupdict().items() if value}
    number, unit = fields.get("n") or fields["xn"], fields.get("unit") or fields.get("xunit") or "m"
    return int(number) * _UNITS[unit[0].lower()]


def _rooms(words: Reading, known: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names behind "with" and "without": known ones as they are, others in quotes or as one word."""
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    item = rf'(?:"[^"]+"|{names})' if names else r'"[^"]+"'
    first = rf'(?:{item}|[^\s",;|]+)'
    listed = re.compile(
        rf"\bwith(?P<out>out)? (?:the |an? )?(?P<what>{first}(?:(?:, ?| and |, and )(?:the |an? )?{item})*)",
        re.IGNORECASE,
    )
    along: list[str] = []
    without: list[str] = []
    while found := words.take(listed):
        these = [each.strip('" ') for each in re.findall(first, found["what"], re.IGNORECASE)]
        (without if found["out"] else along).extend(
            each for each in these if each.lower() not in {"and", "the", "a", "an"}
        )
    return along, without
