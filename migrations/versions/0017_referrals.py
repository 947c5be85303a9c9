"""Referrals, and fees that are carried over."""

from alembic import op

revision = "0017_referrals"
down_revision = "0016_taking"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE referral (
            id uuid PRIMARY KEY,
            appointment_id uuid NOT NULL REFERENCES appointment,
            patient_id uuid NOT NULL REFERENCES patient,
            requester_id uuid NOT NULL REFERENCES practitioner,
            specialty text NOT NULL,
            performer_id uuid REFERENCES practitioner,
            mode text,
            priority text NOT NULL,
            note bytea,
            status text NOT NULL,
            booked_id uuid REFERENCES appointment,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT ck_referral_span CHECK (created_at < expires_at)
        );
        CREATE INDEX ix_referral_appointment_id ON referral (appointment_id);
        CREATE INDEX ix_referral_patient_id ON referral (patient_id);
        CREATE INDEX ix_referral_booked_id ON referral (booked_id);
        ALTER TABLE waiting ADD urgent boolean NOT NULL DEFAULT false;
        ALTER TABLE waiting ALTER urgent DROP DEFAULT;
        ALTER TABLE ledger_entry
            DROP CONSTRAINT ck_ledger_entry_sign,
            ADD CONSTRAINT ck_ledger_entry_sign CHECK ((kind IN ('refund', 'carried out')) = (amount < 0));
    """)
