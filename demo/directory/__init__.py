"""The demo's directory as readable files, a part of the world each, and their form. Loaded by demo.seed."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from booking.directory.model import Mode, Payment


class _Entry(BaseModel):
    """A misspelt key is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceEntry(_Entry):
    """Times in minutes; the price in whole units of the centre's currency."""

    name: str
    mode: Mode
    minutes: int
    price: Decimal
    payment: Payment = Payment.PREPAY
    grid: int | None = None
    notice: int = 120
    after: int = 0


class DoctorEntry(_Entry):
    """`hours` are written as a centre's admin writes them to the bot."""

    name: str
    gender: Literal["female", "male"]
    languages: list[str]
    specialty: str
    hours: list[str]
    services: list[ServiceEntry]
    account: Literal["doctor"] | None = None
    """Which of the demo's accounts is theirs."""


class CentreEntry(_Entry):
    name: str
    place: str
    street: str
    latitude: float
    longitude: float
    phone: str = ""
    cancel_hours: int
    late_refund_percent: int
    administered_by_clinic_admin: bool = False
    doctors: list[DoctorEntry]


def centres() -> Iterator[CentreEntry]:
    """Read all files."""
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["centres"]:
            yield CentreEntry.model_validate(entry)
