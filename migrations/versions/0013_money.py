"""Money: cards that are authorised first and charged after the visit."""

from alembic import op

revision = "0013_money"
down_revision = "0012_waiting"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payment
            ADD manual boolean NOT NULL DEFAULT false,
            ADD capture_before timestamptz;
        ALTER TABLE payment ALTER manual DROP DEFAULT;
        CREATE INDEX ix_payment_capture_before ON payment (capture_before) WHERE state = 'authorised';
        CREATE INDEX ix_ledger_entry_at ON ledger_entry (at);
    """)
