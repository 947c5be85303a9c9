"""Disputes of cards: where each stands, and what the payer's bank took and gave again, in the ledger."""

from alembic import op

revision = "0050_disputes"
down_revision = "0049_rooms_busy"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE dispute (
            id text NOT NULL,
            appointment_id uuid NOT NULL,
            stage text NOT NULL,
            amount integer NOT NULL,
            currency text NOT NULL,
            due_by timestamp with time zone,
            created_at timestamp with time zone NOT NULL,
            updated_at timestamp with time zone NOT NULL,
            CONSTRAINT pk_dispute PRIMARY KEY (id),
            CONSTRAINT fk_dispute_appointment_id FOREIGN KEY (appointment_id) REFERENCES appointment (id)
        );
        CREATE INDEX ix_dispute_appointment_id ON dispute (appointment_id);
        CREATE INDEX ix_dispute_open ON dispute (created_at) WHERE stage IN ('inquiry', 'open');
        ALTER TABLE ledger_entry DROP CONSTRAINT ck_ledger_entry_sign, ADD CONSTRAINT ck_ledger_entry_sign
            CHECK (kind = 'fee' OR (kind IN ('refund', 'carried out', 'disputed')) = (amount < 0));
    """)
