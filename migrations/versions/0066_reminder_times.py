"""The reminder times that people have chosen are found by an index: they are asked for every few seconds."""

from alembic import op

revision = "0066_reminder_times"
down_revision = "0065_missed"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX ix_person_reminder_minutes ON person (reminder_minutes) WHERE reminder_minutes IS NOT NULL;
    """)
