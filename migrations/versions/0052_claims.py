"""The account that is said to be a verified doctor's waits for the platform's word."""

from alembic import op

revision = "0052_claims"
down_revision = "0051_waiting_with_referral"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE practitioner_claim (
            practitioner_id uuid NOT NULL CONSTRAINT pk_practitioner_claim PRIMARY KEY
                CONSTRAINT fk_practitioner_claim_practitioner_id_practitioner REFERENCES practitioner,
            person_id uuid NOT NULL CONSTRAINT fk_practitioner_claim_person_id_person REFERENCES person,
            asked_by uuid NOT NULL CONSTRAINT fk_practitioner_claim_asked_by_person REFERENCES person,
            asked_at timestamptz NOT NULL
        );
    """)
