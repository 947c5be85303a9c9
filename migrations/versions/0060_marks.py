"""Each change of what calendars show has a mark that is drawn: the same version is the same changes, never as many.

What was counted comes again when a backup is restored, and then stands for other visits than before.
"""

from alembic import op

revision = "0060_marks"
down_revision = "0059_free_ahead"


def upgrade() -> None:
    # 52 bits, which is what random() has of them.
    op.execute("""
        ALTER TABLE calendar_change ADD mark bigint NOT NULL DEFAULT (random() * 4503599627370496)::bigint
    """)
