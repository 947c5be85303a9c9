"""Calendar feeds."""

revision = "0005_calendars"
down_revision = "0004_records"


def upgrade() -> None:
    pass
