"""Finding: what a search looks up."""

revision = "0015_finding"
down_revision = "0014_quiet_hours"


def upgrade() -> None:
    """Nothing yet."""
