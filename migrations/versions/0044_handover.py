"""Records that were kept for a child are taken over when it comes of age."""

from alembic import op

revision = "0044_handover"
down_revision = "0043_plainly"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE handover (
            id uuid NOT NULL CONSTRAINT pk_handover PRIMARY KEY,
            patient_id uuid NOT NULL CONSTRAINT fk_handover_patient_id_patient REFERENCES patient,
            given_by uuid NOT NULL CONSTRAINT fk_handover_given_by_person REFERENCES person,
            code_hash bytea NOT NULL CONSTRAINT uq_handover_code_hash UNIQUE,
            given_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            failures smallint NOT NULL DEFAULT 0,
            ended_at timestamptz,
            taken_by uuid CONSTRAINT fk_handover_taken_by_person REFERENCES person
        );
        CREATE UNIQUE INDEX uq_handover_open ON handover (patient_id) WHERE ended_at IS NULL;
        ALTER TABLE guardian ADD looked_on date, ADD told_at timestamptz;
    """)
