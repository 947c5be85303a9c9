"""Taking a time in one statement."""

revision = "0016_taking"
down_revision = "0015_finding"


def upgrade() -> None:
    """Nothing yet."""
