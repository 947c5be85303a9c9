"""For how long doctors read after a visit, consents, emergency accesses, and since when somebody is guardian."""

from alembic import op

revision = "0022_access"
down_revision = "0021_day"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE centre ADD records_days smallint NOT NULL DEFAULT 90;
        ALTER TABLE centre ALTER records_days DROP DEFAULT;
        ALTER TABLE guardian ADD since timestamptz;
        UPDATE guardian g SET since = p.created_at FROM patient p WHERE p.id = g.patient_id;
        ALTER TABLE guardian ALTER since SET NOT NULL;
    """)
    op.execute("""
        CREATE TABLE consent (
            id uuid NOT NULL CONSTRAINT pk_consent PRIMARY KEY,
            patient_id uuid NOT NULL,
            kind text NOT NULL,
            given_to uuid NOT NULL,
            given_by uuid NOT NULL,
            given_at timestamptz NOT NULL,
            until timestamptz,
            withdrawn_at timestamptz,
            withdrawn_by uuid,
            CONSTRAINT ck_consent_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
        );
        CREATE UNIQUE INDEX uq_consent_open ON consent (patient_id, given_to, kind) WHERE withdrawn_at IS NULL;
        CREATE INDEX ix_consent_given_to ON consent (given_to) WHERE withdrawn_at IS NULL;
        CREATE TABLE emergency_access (
            id uuid NOT NULL CONSTRAINT pk_emergency_access PRIMARY KEY,
            patient_id uuid NOT NULL,
            person_id uuid NOT NULL,
            practitioner_id uuid NOT NULL,
            reason bytea NOT NULL,
            opened_at timestamptz NOT NULL,
            until timestamptz NOT NULL
        );
        CREATE INDEX ix_emergency_access_patient_id ON emergency_access (patient_id);
        CREATE INDEX ix_emergency_access_person_id_until ON emergency_access (person_id, until);
        CREATE TRIGGER emergency_access_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON emergency_access
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
