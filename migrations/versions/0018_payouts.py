"""Payouts to each centre's own account."""

revision = "0018_payouts"
down_revision = "0017_referrals"


def upgrade() -> None:
    """Nothing yet."""
