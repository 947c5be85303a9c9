"""Visits by themselves, written quickly: those of one service differ in a few values, which all have a fixed length.

What the rest is, the one writer of events (`event_text`) decides: it writes an example, and the example's values are
taken out of it. Where that does not give what the writer gives, the writer is asked each time.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from booking.appointments.rules import Status
from booking.calendars.entries import Entry, Setting
from booking.calendars.model import Options
from booking.calendars.rules import Links, event_of
from booking.calendars.series import alone
from booking.calendars.writing.events import event_text
from booking.calendars.writing.lines import utc_stamp


def _example(number: int, code: str, service_id: UUID, status: Status) -> Entry:
    """A visit whose values stand nowhere else."""
    year = 1900 + number
    return Entry(
        id=UUID(int=(number << 120) + 0xFACADE),
        code=code,
        status=status,
        sequence=987654300 + number,
        changed=datetime(year, 1, 2, 3, 4, 5, tzinfo=UTC),
        start=datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC),
        end=datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC),
        service_id=service_id,
        patient_id=UUID(int=0),
    )


class Templates:
    """Of one feed that tells nobody's name."""

    def __init__(self, settings: Mapping[UUID, Setting], options: Options, links: Links) -> None:
        self._settings = settings
        self._options = options
        self._links = links
        self._known: dict[tuple[UUID, bool], tuple[str, int] | None] = {}

    def write(self, entry: Entry) -> str:
        """Return a visit as `event_text` writes it."""
        key = (entry.service_id, entry.status == "cancelled")
        if key not in self._known:
            self._known[key] = self._template(*key)
        template = self._known[key]
        return self._slowly(entry) if template is None else _filled(template, entry)

    def _slowly(self, entry: Entry) -> str:
        setting = self._settings[entry.service_id]
        return event_text(event_of(alone(entry), setting, self._options, self._links))

    def _template(self, service_id: UUID, cancelled: bool) -> tuple[str, int] | None:  # noqa: FBT001
        """Return the text with places for values, and how many of them are the code; None if that cannot be."""
        status = Status.CANCELLED if cancelled else Status.BOOKED
        one, other = _example(7, "Q7QX9Z", service_id, status), _example(8, "X8ZQ0J", service_id, status)
        changed = utc_stamp(one.changed)
        values = [str(one.id), changed, changed, str(one.sequence), utc_stamp(one.start), utc_stamp(one.end)]
        pattern = re.compile("|".join(re.escape(value) for value in {*values, one.code}))
        text = self._slowly(one).replace("%", "%%")
        found = pattern.findall(text)
        codes = len(found) - len(values)
        if found != [*values, *[one.code] * codes]:
            return None
        template = (pattern.sub("%s", text), codes)
        return template if _filled(template, other) == self._slowly(other) else None


def _filled(template: tuple[str, int], entry: Entry) -> str:
    text, codes = template
    changed = utc_stamp(entry.changed)
    values = (entry.id, changed, changed, entry.sequence, utc_stamp(entry.start), utc_stamp(entry.end))
    return text % (*values, *(entry.code,) * codes)
