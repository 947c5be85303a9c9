"""The bot's keys, rooms, dialogues."""

revision = "0006_matrix"
down_revision = "0005_calendars"


def upgrade() -> None:
    pass
