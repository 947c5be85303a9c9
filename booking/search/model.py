"""What is wished for, and what is found. No tables: search reads those of the directory and of schedules."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal
from uuid import UUID

from booking.directory.model import Centre, Mode, Patients, Practitioner, Service
from booking.directory.places import Place
from core.money import Money

Sort = Literal["soonest", "nearest", "cheapest"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visit should be like. None: no matter."""

    specialty: str | None = None
    """A code of booking.directory.specialties."""
    reason: str | None = None
    """A code of booking.directory.reasons: what the visit is for."""
    place: Place | None = None
    radius_km: float = 25
    """How far from `place` a visit in person may be; online visits asked for as such may be anywhere."""
    max_price: Money | None = None
    """Prices in other currencies are not compared: what they are for is not found."""
    min_price: Money | None = None
    language: str | None = None
    """ISO 639-1."""
    mode: Mode | None = None
    gender: str | None = None
    """The doctor's: female or male."""
    earliest: datetime | None = None
    """Aware. Starts are from then on; from now on, if none."""
    latest: datetime | None = None
    """Aware. Starts are before it."""
    after: time | None = None
    """Wall time of day that starts are not before: the centre's in person, the person's online."""
    before: time | None = None
    """Wall time of day that starts are before. With `after` later than it, the span goes over midnight."""
    weekdays_off: frozenset[int] = frozenset()
    """Weekdays (0 is Monday) on which no start is, on the same clock."""
    days_off: tuple[tuple[date, date], ...] = ()
    """Days on which no start is, on the same clock: from the first to the last, both included."""
    timezone: str | None = None
    """The person's zone: what `after` and `before` mean for an online visit. The centre's, if none."""
    name: str | None = None
    """Words that name a doctor or a centre, with typing errors."""
    insurance: str | None = None
    """One that the centre accepts, case folded."""
    accessible: bool = False
    """Whether the centre has to be usable in a wheelchair; online visits are everywhere."""
    known_to: frozenset[UUID] | None = None
    """The practitioners whom the patient was with before; None: unknown, so that nothing is left out for it."""
    patients: Patients = Patients.ALL
    """Whether it should be a practitioner whom the patient knows, or a new one."""
    currency: str | None = None
    """Of the cheapest, prices in this one come first; those in others cannot be compared with it."""
    sort: Sort = "soonest"

    def without_times(self) -> "Wish":
        """Return the same wish for any day and hour."""
        return replace(self, earliest=None, latest=None, after=None, before=None, weekdays_off=frozenset(), days_off=())


class Relaxed(StrEnum):
    """What of a wish had to give way."""

    DISTANCE = "distance"
    PRICE = "price"
    TIME = "time"
    LANGUAGE = "language"
    MODE = "mode"
    INSURANCE = "insurance"
    DOCTOR = "doctor"
    """Who was named does not see patients for that reason."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A service with its next free times (UTC, up to three)."""

    service: Service
    practitioner: Practitioner
    centre: Centre
    distance_km: float | None
    """From the wish's place; None if it names none."""
    next_times: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of offers."""

    offers: tuple[Offer, ...]
    more: bool
    """Whether there is another page."""
    widened: Wish | None = None
    """When nothing fits the wish: the nearest one that something fits, which `offers` are of; page on with it."""
    relaxed: tuple[Relaxed, ...] = ()
    """What is different in `widened`."""
    in_person_only: bool = False
    """Whether an online visit was wished for a reason that needs one in person: `offers` are in person then."""
