"""Referrals."""

revision = "0017_referrals"
down_revision = "0016_taking"


def upgrade() -> None:
    """Nothing yet."""
