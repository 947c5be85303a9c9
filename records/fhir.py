"""What all FHIR resources that are made here have in common. Pure."""

from datetime import datetime
from typing import Any

from core.timezones import utc

Resource = dict[str, Any]
"""Plain dictionaries: that they are valid FHIR is shown by tests with fhir.resources, whose import would cost the
process tens of megabytes and its start most of a second."""


def instant(moment: datetime) -> str:
    """An instant as FHIR writes it."""
    return utc(moment).isoformat(timespec="microseconds")
