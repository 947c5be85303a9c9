"""Feeds of every kind."""

revision = "0022_feeds"
down_revision = "0021_signing"


def upgrade() -> None:
    """Nothing yet."""
