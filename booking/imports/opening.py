"""Opening hours from the events that stand for them: weekly hours, and the dates that differ from them. Pure.

The weeks are what repeats by the week without an end in between; each date of the year to come that looks different in
the calendar becomes a date that differs, so that what is booked follows the calendar, however it was written.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from booking.imports.events import Batch, Event, occurrences
from booking.imports.recurrence import Budget, Rule, UnreadableError
from booking.imports.spans import Strip, runs
from booking.imports.zones import DAY, Window, Zone

DATES_AHEAD = 366
"""Days for which dates that differ are written down."""
_MOST_WEEKS = 24
_MOST_REGULAR = 500
"""Of a calendar in which more repeats by the week, each date is looked at by itself."""
_NEVER = 10**7

Hours = tuple[tuple[int, int], ...]
"""From, until: minutes after midnight in the home zone."""


@dataclass
class Opening:
    """Days as `date.toordinal`, in the home zone. JSON as it is."""

    weeks: list[tuple[int, int | None, list[tuple[int, int, int]]]] = field(default_factory=list)
    """From a day until before another (None: for good): weekday, from, until. Without gaps, the first from today on."""
    dates: list[tuple[int, list[tuple[int, int]]]] = field(default_factory=list)
    """Days whose hours differ from the week's; none: closed."""
    spans: int = 0
    """How many times it is open in that year."""


def opening_of(
    layers: Sequence[tuple[int, Window, list[Event]]],
    closed: Collection[int],
    home: Zone,
    window: Window,
    budget: Budget,
) -> Opening:
    """Read hours from layers of events: (priority, when the layer holds, what is open in that).

    1 is the highest priority, and hides what lies under it (RFC 7953 section 3.2). `closed`: days of whole-day events.
    """
    strip = Strip(window, budget)
    regular: list[_Regular] = []
    for _, holds, events in sorted(layers, key=lambda layer: -layer[0]):
        layer = Strip(window, budget)
        if holds.low <= window.low + DAY and holds.high >= window.high:
            regular = []
        for event in events:
            if event.cancelled:
                continue
            try:
                found = list(occurrences(event, window, budget))
            except UnreadableError:
                continue
            layer.lay(found)
            regular += _regular(event, home, found)
        strip.put(layer, holds.low, holds.high)
    today = home.wall(window.low + DAY) // DAY
    by_day = _by_day(strip, home, closed)
    weeks = _weeks(regular if len(regular) <= _MOST_REGULAR else [], today)
    dates = []
    for day in range(today, today + DATES_AHEAD):
        usual = _hours_of(next(spans for first, last, spans in weeks if first <= day < (last or _NEVER)), day)
        if by_day.get(day, ()) != usual:
            dates.append((day, list(by_day.get(day, ()))))
    count = sum(len(hours) for day, hours in by_day.items() if today <= day < today + DATES_AHEAD)
    return Opening(weeks, dates, count)


@dataclass(frozen=True, slots=True)
class _Regular:
    """Hours that repeat each week: weekdays, minutes after midnight (maybe past the next), the first day, the last."""

    weekdays: frozenset[int]
    starts: int
    ends: int
    first: int
    last: int


def _regular(event: Event, home: Zone, found: Sequence[Batch]) -> Iterator[_Regular]:
    if not found or event.length > DAY:
        return
    begins, length = min((starts[0], length) for starts, length in found)
    clock = home.wall(begins) % DAY
    turned = (home.wall(begins) // DAY) - (event.start.zone.wall(begins) // DAY)
    for rule in event.rules:
        if _is_weekly(rule):
            weekdays = {day for day, _ in rule.weekdays} or (
                set(range(7)) if rule.freq == "DAILY" else {(event.start.wall // DAY - 1) % 7}
            )
            last = max(starts[-1] for starts, _ in found) if rule.until or event.before is not None else None
            yield _Regular(
                frozenset((day + turned) % 7 for day in weekdays),
                clock,
                clock + length,
                home.wall(begins) // DAY if event.first is not None else event.start.wall // DAY + turned,
                home.wall(last) // DAY if last is not None else _NEVER,
            )


def _is_weekly(rule: Rule) -> bool:
    return (
        rule.freq in ("WEEKLY", "DAILY")
        and rule.interval == 1
        and rule.count is None
        and not (rule.months or rule.month_days or rule.year_days or rule.weeks or rule.positions or rule.times)
    )


def _weeks(regular: Sequence[_Regular], today: int) -> list[tuple[int, int | None, list[tuple[int, int, int]]]]:
    """Part the time from today on so that in each part the same repeats every week."""
    turns = {edge for each in regular for edge in (each.first, each.last + 1) if today < edge < _NEVER}
    edges = [today, *sorted(turns)][:_MOST_WEEKS]
    weeks: list[tuple[int, int | None, list[tuple[int, int, int]]]] = []
    for first, last in zip(edges, [*edges[1:], None], strict=True):
        holding = [each for each in regular if each.first <= first <= each.last]
        spans = _merged((day * DAY + each.starts, day * DAY + each.ends) for each in holding for day in each.weekdays)
        if weeks and weeks[-1][2] == spans:
            weeks[-1] = (weeks[-1][0], last, spans)
        else:
            weeks.append((first, last, spans))
    return weeks


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Spans of a week, which begins anew after Sunday: weekday, from, until."""
    taken = bytearray(8 * DAY)
    for starts, ends in spans:
        taken[starts:ends] = b"\x01" * (ends - starts)
    over = taken[7 * DAY :]
    for minute, open_ in enumerate(over):
        if open_:
            taken[minute] = 1
    found = []
    for day in range(7):
        found += [(day, *span) for span in runs(taken[day * DAY : (day + 1) * DAY])]
    return found


def _by_day(strip: Strip, home: Zone, closed: Collection[int]) -> dict[int, Hours]:
    by_day: dict[int, list[tuple[int, int]]] = {}
    for begins, ends in strip.spans():
        at = begins
        while at < ends:
            wall = home.wall(at)
            day = wall // DAY
            midnight = home.utc((day + 1) * DAY)
            until = min(ends, midnight)
            end = DAY if until == midnight else home.wall(until - 1) % DAY + 1
            if day not in closed and wall % DAY < end:
                by_day.setdefault(day, []).append((wall % DAY, end))
            at = until
    return {day: tuple(sorted(spans)) for day, spans in by_day.items()}


def _hours_of(week: Sequence[tuple[int, int, int]], day: int) -> Hours:
    return tuple((starts, ends) for weekday, starts, ends in week if weekday == (day - 1) % 7)
