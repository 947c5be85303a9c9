"""What a report says, and which was asked for: its files are made from that when they are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Table, Uuid

from core.money import Money
from core.tables import Moment, metadata


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a doctor, or of all together. Times in minutes."""

    booked: int = 0
    """Visits that were booked, whatever became of them."""
    done: int = 0
    cancelled: int = 0
    missed: int = 0
    taken: int = 0
    """Time of visits that were not called off, each group counted once."""
    opened: int = 0
    """Open hours, without time off."""

    @property
    def utilisation(self) -> float | None:
        """Part of the open time that was taken; more than 1 where visits lay outside the hours; None without hours."""
        return self.taken / self.opened if self.opened else None

    @property
    def missed_part(self) -> float | None:
        """Part of the visits to which nobody came, of those of which it is known."""
        known = self.done + self.missed
        return self.missed / known if known else None


@dataclass(frozen=True, slots=True)
class Report:
    """Of a centre, for visits from the first day to the last, both included, on its calendar."""

    id: UUID
    centre_name: str
    first: date
    last: date
    doctors: Mapping[str, Figures]
    """By the doctor's name, in order."""
    total: Figures
    by_day: Mapping[date, int]
    """Visits that were booked and not called off, for each day of the span."""
    earned: tuple[Money, ...]
    """What is left with the centre of what was paid by card for these visits, a sum for each currency."""
    at_the_desk: tuple[Money, ...]
    """The prices of visits that are over and were to be paid at the desk."""
    first_free: timedelta | None
    """How long from now until the first time that can be booked; None if there is none in the booking window."""


report = Table(
    "report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False, index=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id")),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("first <= last", name="span"),
)
