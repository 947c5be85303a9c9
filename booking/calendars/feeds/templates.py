"""Visits by themselves, written quickly: those of one service differ in a few values, which all have a fixed length.

What the rest is, the one writer of events (`event_text`) decides: it writes an example, and the example's values are
taken out of it. Where that does not give what the writer gives, the writer is asked each time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from booking.appointments.rules import Status
from booking.calendars.entries import GONE, Entry, Row, Setting
from booking.calendars.model import Options
from booking.calendars.rules import Links, event_of
from booking.calendars.series import alone
from booking.calendars.writing.events import event_text
from booking.calendars.writing.lines import utc_stamp

_A_DAY = 24 * 60 * 60
_CLOCK = [f"T{hour:02}{minute:02}{second:02}Z" for hour in range(24) for minute in range(60) for second in range(60)]
"""What each second of a day is written as."""
_EPOCH = date(1970, 1, 1).toordinal()
_NOBODY = UUID(int=0)


class _Days(dict[int, str]):
    """What each day since 1970 is written as; each is found out once. A feed has at most a few thousand."""

    def __missing__(self, day: int) -> str:
        written = self[day] = date.fromordinal(_EPOCH + day).strftime("%Y%m%d")
        return written


def _example(number: int, code: str, service_id: UUID, status: Status) -> Row:
    """A visit whose values stand nowhere else."""
    changed, start, end = (
        int(datetime(1900 + number, month, month + 1, month + 2, 4, 5, tzinfo=UTC).timestamp()) for month in (1, 2, 3)
    )
    identity = str(UUID(int=(number << 120) + 0xFACADE))
    return identity, code, status, 987654300 + number, changed, start, end, service_id


class Templates:
    """Of one feed that tells nobody's name."""

    def __init__(self, settings: Mapping[UUID, Setting], options: Options, links: Links) -> None:
        self._settings = settings
        self._options = options
        self._links = links
        self._known: dict[tuple[UUID, bool], tuple[str, int] | None] = {}
        self._days = _Days()

    def write(self, rows: Iterable[Row]) -> str:
        """Return visits as `event_text` writes them, one after the other."""
        known, days, written = self._known, self._days, []
        for row in rows:
            identity, code, status, sequence, changed, start, end, service_id = row
            key = (service_id, status in GONE)
            if key not in known:
                known[key] = self._template(*key)
            template = known[key]
            if template is None:
                written.append(self._slowly(row))
                continue
            text, codes = template
            day, second = divmod(changed, _A_DAY)
            at = days[day] + _CLOCK[second]
            day, second = divmod(start, _A_DAY)
            begins = days[day] + _CLOCK[second]
            day, second = divmod(end, _A_DAY)
            values = (identity, at, at, sequence, begins, days[day] + _CLOCK[second])
            written.append(text % (*values, *(code,) * codes))
        return "".join(written)

    def _slowly(self, row: Row) -> str:
        identity, code, status, sequence, changed, start, end, service_id = row
        entry = Entry(
            UUID(identity), code, status, sequence, _moment(changed), _moment(start), _moment(end), service_id, _NOBODY
        )
        return event_text(event_of(alone(entry), self._settings[service_id], self._options, self._links))

    def _template(self, service_id: UUID, cancelled: bool) -> tuple[str, int] | None:  # noqa: FBT001
        """Return the text with places for values, and how many of them are the code; None if that cannot be."""
        status = Status.CANCELLED if cancelled else Status.BOOKED
        one, other = _example(7, "Q7QX9Z", service_id, status), _example(8, "X8ZQ0J", service_id, status)
        identity, code, _, sequence, *moments, _ = one
        changed, start, end = (utc_stamp(_moment(each)) for each in moments)
        values = [identity, changed, changed, str(sequence), start, end]
        pattern = re.compile("|".join(re.escape(value) for value in {*values, code}))
        text = self._slowly(one).replace("%", "%%")
        found = pattern.findall(text)
        codes = len(found) - len(values)
        if found != [*values, *[code] * codes]:
            return None
        template = self._known[service_id, cancelled] = (pattern.sub("%s", text), codes)
        return template if self.write([other]) == self._slowly(other) else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
