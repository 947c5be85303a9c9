"""Calendar feeds."""

revision = "0006_calendars"
down_revision = "0005_records"


def upgrade() -> None:
    pass
