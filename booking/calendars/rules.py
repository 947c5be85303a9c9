"""What a calendar tells of a visit: when, where and its code; who and what only where somebody asked for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from booking.calendars.entries import Setting
from booking.calendars.model import FeedKind, Options, Tell
from booking.calendars.series import Placed
from booking.calendars.writing.events import Event, Party
from core.languages import _, commas
from core.settings import Settings

CANCELLED_KEPT = timedelta(days=30)
DEFAULT_TELLS: Mapping[FeedKind, frozenset[Tell]] = {
    FeedKind.CENTRE: frozenset({Tell.DOCTORS}),
    FeedKind.TEAM: frozenset({Tell.DOCTORS}),
    FeedKind.RESOURCE: frozenset({Tell.DOCTORS}),
}
"""What those who work at a place need to tell visits apart. For anybody else a doctor's name is personal."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that entries lead back to."""

    chat: str
    """Opens the chat with the bot: https://spec.matrix.org/v1.16/appendices/#matrixto-navigation"""
    site: str

    @classmethod
    def of(cls, settings: Settings, whose: UUID) -> "Links":
        """`whose`: by what the bot is dealt that the entries lead to, where there are several: whoever reads them."""
        return cls(f"https://matrix.to/#/{settings.matrix.bot_for(whose)}", settings.http.public_url)

    def visit(self, code: str) -> str:
        """The page that says how to come from a visit's code to the visit."""
        return f"{self.site}/visits/{code}"


def event_of(
    placed: Placed,
    setting: Setting,
    options: Options,
    links: Links,
    *,
    patient: str = "",
    organizer: Party | None = None,
    attendee: Party | None = None,
) -> Event:
    """Return a visit as an entry in a calendar. `patient`: a name, where the calendar tells it."""
    entry, tells = placed.entry, options.tells
    busy = Tell.BUSY in tells
    return Event(
        uid=uid_of(placed.uid),
        sequence=placed.sequence,
        changed=placed.changed,
        start=placed.start,
        end=placed.end,
        summary=_("Busy") if busy else _summary(placed, setting, tells, patient),
        location="" if busy or setting.online else _place(setting, tells),
        url="" if busy else links.visit(entry.code),
        description="" if busy else _("To move or cancel it, write to the bot: {chat}", chat=links.chat),
        cancelled=entry.cancelled and placed.rule is None,
        alarms=options.alarms,
        zone=ZoneInfo(setting.timezone) if placed.in_series else None,
        rule=placed.rule,
        instead_of=placed.instead_of,
        organizer=organizer,
        attendee=attendee,
    )


def uid_of(visit: UUID) -> str:
    """Return the UID of a visit: it follows from its id, and never changes."""
    return f"{visit}@careconnect"


def _summary(placed: Placed, setting: Setting, tells: frozenset[Tell], patient: str) -> str:
    code = placed.entry.code
    what = [_("Visits from {code} on", code=code) if placed.rule else _("Visit {code}", code=code)]
    if Tell.NAMES in tells and patient:
        what.append(patient)
    if Tell.SERVICES in tells:
        what.append(setting.service)
    if Tell.DOCTORS in tells:
        what.append(setting.practitioner)
    said = commas(what)
    return _("{visit} (online)", visit=said) if setting.online else said


def _place(setting: Setting, tells: frozenset[Tell]) -> str:
    """A centre's name may say what is treated there; the street does not."""
    return f"{setting.centre}, {setting.street}" if Tell.DOCTORS in tells else setting.street


def name_of(subject: str, title: str) -> str:
    """Return a calendar's name: the centre's, the doctor's, the room's; for a patient nobody's. `title`: ours."""
    return f"{subject} ({title})" if subject else title
