"""The engine's hot path."""

revision = "0019_engine"
down_revision = "0018_payouts"


def upgrade() -> None:
    """Nothing yet."""
