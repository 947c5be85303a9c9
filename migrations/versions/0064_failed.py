"""Rows of work that failed are counted for each look at the metrics: not by reading a month of what is done."""

from alembic import op

revision = "0064_failed"
down_revision = "0063_faults"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX ix_inbox_failed ON inbox (seq) WHERE state = 'failed';
        CREATE INDEX ix_outbox_failed ON outbox (seq) WHERE state = 'failed';
    """)
