"""Signed prescriptions, and what pharmacies dispense."""

revision = "0021_signing"
down_revision = "0020_sealing"


def upgrade() -> None:
    """Nothing yet."""
