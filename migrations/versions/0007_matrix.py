"""The bot's keys and rooms."""

revision = "0007_matrix"
down_revision = "0006_calendars"


def upgrade() -> None:
    pass
