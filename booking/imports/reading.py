"""A whole calendar read: its busy times, and the opening hours and closed days that it would mean. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from booking.imports.content import Component, components
from booking.imports.events import Batch, Event, occurrences, read_event, read_period, read_when, settled
from booking.imports.opening import Opening, opening_of
from booking.imports.recurrence import Budget, UnreadableError
from booking.imports.spans import Strip
from booking.imports.zones import DAY, Window, Zones, minute_of
from core.errors import BadInputError

AHEAD = timedelta(days=740)
"""How far a calendar is read: further than anything can be booked (booking.directory.rules)."""
_OURS = "@careconnect"
_TOLD_EVERY = 1000
_MOST_SPANS = 20_000
_MOST_OPENINGS = 2_000
"""A calendar with more events than this has no opening hours in it."""

Progress = Callable[[int, int], None]
"""Is told how many events of how many have been gone through."""


@dataclass
class Read:
    """What a calendar says of time. Minutes as in zones; days as `date.toordinal`. JSON as it is."""

    busy: list[tuple[int, int]] = field(default_factory=list)
    """Merged, UTC."""
    opening: Opening | None = None
    closed: list[int] = field(default_factory=list)
    """Days of whole-day events, in the home zone."""
    events: int = 0
    recurring: int = 0
    whole_days: int = 0
    to_come: int = 0
    """Events that take place in the window."""
    availability: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    """Why events count for nothing: cancelled, free, ours, over, unreadable, empty."""
    zones: list[str] = field(default_factory=list)
    """Zones that nobody knows; what named them was read in the home zone."""

    def leave_out(self, why: str) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + 1


def read_calendar(body: bytes, home: str, now: datetime, progress: Progress | None = None) -> Read:
    """Read a calendar from `now` (aware) on. `home`: the IANA name of the zone of times that name none.

    Raises BadInputError with the sentence that says why it is not read.
    """
    low = minute_of(now.astimezone(UTC).replace(hour=0, minute=0)) - DAY
    window = Window(low, low + (AHEAD.days + 2) * DAY)
    budget = Budget()
    zones = Zones(window, home, budget)
    read = Read()
    events: list[Event] = []
    openings: list[tuple[int, Window, list[Event]]] = []
    busy = Strip(window, budget)
    for calendar in components(body):
        zones.define(calendar)
        mine = [event for each in calendar.called("VEVENT") if (event := _event(each, zones, read))]
        events += settled(mine, budget)
        for each in calendar.called("VFREEBUSY"):
            busy.lay(_free_busy(each, zones, read))
        for each in calendar.called("VAVAILABILITY"):
            openings.append(_availability(each, zones, read, window))
    closed = Strip(window, budget)
    for n, event in enumerate(events):
        if progress and n % _TOLD_EVERY == 0:
            progress(n, len(events))
        _lay(event, busy, closed, window, budget, read)
    read.busy = list(islice(busy.spans(), _MOST_SPANS + 1))
    if len(read.busy) > _MOST_SPANS:
        raise BadInputError("That calendar has more busy times than anybody can have. I don't read it.")
    home_zone = zones.at_home
    read.closed = sorted(
        {
            day
            for begins, ends in closed.spans()
            for day in range(home_zone.wall(begins) // DAY, (home_zone.wall(ends) - 1) // DAY + 1)
        }
    )
    open_events = [event for event in events if not event.cancelled and not event.start.whole_day]
    read.availability = bool(openings)
    if not openings:
        openings.append((0, window, open_events))
    if openings[0][2] is not open_events or len(open_events) <= _MOST_OPENINGS:
        read.opening = opening_of(openings, read.closed, home_zone, window, budget)
    read.zones = sorted(zones.unknown)[:5]
    return read


def _event(component: Component, zones: Zones, read: Read) -> Event | None:
    read.events += 1
    try:
        event = read_event(component, zones)
    except UnreadableError:
        read.leave_out("unreadable")
        return None
    read.recurring += event.recurs
    read.whole_days += event.start.whole_day
    return event


def _lay(event: Event, busy: Strip, closed: Strip, window: Window, budget: Budget, read: Read) -> None:
    """Lay an event on the strip of busy times, or count why it is none."""
    if event.uid.endswith(_OURS):
        read.leave_out("ours")
    elif event.cancelled:
        read.leave_out("cancelled")
    elif event.length == 0:
        read.leave_out("empty")
    else:
        try:
            spans = list(occurrences(event, window, budget))
        except UnreadableError:
            read.leave_out("unreadable")
            return
        if event.start.whole_day:
            closed.lay(spans)
        if event.free:
            read.leave_out("free")
        elif busy.lay(spans):
            read.to_come += 1
        else:
            read.leave_out("over")


def _free_busy(component: Component, zones: Zones, read: Read) -> list[Batch]:
    found: list[Batch] = []
    for prop in component.all("FREEBUSY"):
        if prop.marks == "FREE":
            continue
        for text in prop.value.split(","):
            read.events += 1
            try:
                start, minutes = read_period(text, prop.tzid, zones)
            except UnreadableError:
                read.leave_out("unreadable")
                continue
            read.to_come += 1
            found.append(([start.utc], minutes))
    return found


def _availability(component: Component, zones: Zones, read: Read, window: Window) -> tuple[int, Window, list[Event]]:
    """RFC 7953: the priority, the span in which it holds, and when one is available in that."""
    starts, ends = component.first("DTSTART"), component.first("DTEND")
    priority = component.text("PRIORITY")
    try:
        low = max(window.low, read_when(starts, zones).utc) if starts else window.low
        high = min(window.high, read_when(ends, zones).utc) if ends else window.high
    except UnreadableError:
        raise BadInputError("The availability in that calendar can't be read. Please export it again.") from None
    found = [event for each in component.called("AVAILABLE") if (event := _event(each, zones, read))]
    number = int(priority) if priority.isdigit() and len(priority) < 3 else 0
    return number or 10, Window(low, max(low, high)), settled(found, zones.budget)
