"""Schedules: holidays, dates that differ, hours of a service."""

revision = "0010_schedules_deeper"
down_revision = "0009_directory"


def upgrade() -> None:
    """Nothing yet."""
