"""Notices: quiet hours, daily lists."""

revision = "0014_quiet_hours"
down_revision = "0013_money"


def upgrade() -> None:
    """Nothing yet."""
