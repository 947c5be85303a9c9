"""Waits leave out the weekdays and the days on which nobody can come.

The program of before knows no such columns and writes none: its waits leave out nothing, as they did.
"""

from alembic import op

revision = "0062_days_left_out"
down_revision = "0061_names"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE waiting
            ADD COLUMN weekdays_off smallint[] NOT NULL DEFAULT '{}',
            ADD COLUMN days_off date[] NOT NULL DEFAULT '{}'
    """)
