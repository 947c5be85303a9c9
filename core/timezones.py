"""Time rules: aware datetimes only, UTC in tables, zones by IANA name."""

from datetime import UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from core.errors import BadInputError


def utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; refuse a naive datetime (ValueError), whose instant nobody knows."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("a datetime without a time zone was handed in")
    return moment.astimezone(UTC)


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if "/" in name or name == "UTC"}


@lru_cache(2000)
def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name, in any case of letters. Raises BadInputError for an unknown one."""
    try:
        return ZoneInfo(_names()[name.strip().lower().replace(" ", "_")])
    except (KeyError, ZoneInfoNotFoundError) as unknown:
        raise BadInputError(
            "I don't know that time zone. Write it like Europe/Berlin or Asia/Kuala_Lumpur."
        ) from unknown


def exists(local: datetime) -> bool:
    """Whether the wall time of an aware `local` happens at all: False inside the gap when clocks go forward."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
