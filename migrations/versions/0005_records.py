"""Keys, prescriptions, audit."""

from alembic import op

revision = "0005_records"
down_revision = "0004_appointments"


def upgrade() -> None:
    op.execute("""
        CREATE SCHEMA keys;
        CREATE TABLE keys.subject_key (
            subject uuid NOT NULL CONSTRAINT pk_subject_key PRIMARY KEY,
            wrapped bytea,
            created_at timestamptz NOT NULL,
            destroyed_at timestamptz
        );

        CREATE TABLE audit_event (
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_event PRIMARY KEY,
            at timestamptz NOT NULL,
            actor uuid,
            action text NOT NULL,
            subject uuid NOT NULL,
            kind text NOT NULL,
            row uuid NOT NULL,
            leaf bytea NOT NULL
        );
        CREATE INDEX ix_audit_event_subject ON audit_event (subject, seq);
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$;
        CREATE TRIGGER audit_event_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

        CREATE TABLE prescription (
            id uuid NOT NULL CONSTRAINT pk_prescription PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_prescription_code UNIQUE,
            patient_id uuid NOT NULL,
            practitioner_id uuid NOT NULL,
            appointment_id uuid NOT NULL,
            centre_id uuid NOT NULL,
            status text NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_prescription_patient_id_created_at ON prescription (patient_id, created_at);
        CREATE TABLE prescription_version (
            prescription_id uuid NOT NULL CONSTRAINT fk_prescription_version_prescription_id REFERENCES prescription,
            version integer NOT NULL,
            status text NOT NULL,
            at timestamptz NOT NULL,
            sealed bytea NOT NULL,
            CONSTRAINT pk_prescription_version PRIMARY KEY (prescription_id, version)
        );
    """)
