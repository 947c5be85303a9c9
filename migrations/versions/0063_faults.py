"""How often a row of work has failed by a fault, apart from how often it was put off: faults alone have it given up."""

from alembic import op

revision = "0063_faults"
down_revision = "0062_days_left_out"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE inbox ADD COLUMN faults integer NOT NULL DEFAULT 0;
        ALTER TABLE outbox ADD COLUMN faults integer NOT NULL DEFAULT 0;
        UPDATE inbox SET faults = attempts WHERE state = 'waiting' AND attempts > 0;
        UPDATE outbox SET faults = attempts WHERE state = 'waiting' AND attempts > 0;
    """)
