"""Several visits (a series) are paid on one page: each has its payment and its ledger, Stripe has one charge."""

from alembic import op

revision = "0047_paid_together"
down_revision = "0046_sealing_keys"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payment ADD page_of uuid CONSTRAINT fk_payment_page_of_appointment REFERENCES appointment (id);
        CREATE INDEX ix_payment_page_of ON payment (page_of) WHERE page_of IS NOT NULL;
        ALTER TABLE payment DROP CONSTRAINT uq_payment_session_id, DROP CONSTRAINT uq_payment_payment_intent;
        CREATE UNIQUE INDEX uq_payment_session_id ON payment (session_id)
            WHERE page_of IS NULL OR page_of = appointment_id;
        CREATE UNIQUE INDEX uq_payment_payment_intent ON payment (payment_intent)
            WHERE page_of IS NULL OR page_of = appointment_id;
        DROP INDEX uq_ledger_entry_stripe_ref;
        CREATE UNIQUE INDEX uq_ledger_entry_stripe_ref ON ledger_entry (kind, stripe_ref, appointment_id);
    """)
