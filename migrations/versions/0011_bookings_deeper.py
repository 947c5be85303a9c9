"""Bookings: approval, series, overbooking."""

revision = "0011_bookings_deeper"
down_revision = "0010_schedules_deeper"


def upgrade() -> None:
    """Nothing yet."""
