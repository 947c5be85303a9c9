"""Waiting list, referrals."""

revision = "0012_waiting"
down_revision = "0011_bookings_deeper"


def upgrade() -> None:
    """Nothing yet."""
