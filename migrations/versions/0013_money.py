"""Money: authorisation, transfers, comparison."""

revision = "0013_money"
down_revision = "0012_waiting"


def upgrade() -> None:
    """Nothing yet."""
