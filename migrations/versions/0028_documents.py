"""Notes and sick notes."""

from alembic import op

revision = "0028_documents"
down_revision = "0027_reach"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE document (
            id uuid NOT NULL CONSTRAINT pk_document PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_document_code UNIQUE,
            kind text NOT NULL,
            patient_id uuid NOT NULL,
            practitioner_id uuid NOT NULL,
            appointment_id uuid NOT NULL,
            centre_id uuid NOT NULL,
            created_at timestamptz NOT NULL,
            shared_at timestamptz,
            status text NOT NULL,
            version integer NOT NULL
        );
        CREATE INDEX ix_document_patient_id_created_at ON document (patient_id, created_at);
        CREATE TABLE document_version (
            document_id uuid NOT NULL CONSTRAINT fk_document_version_document_id REFERENCES document (id),
            version integer NOT NULL,
            status text NOT NULL,
            created_at timestamptz NOT NULL,
            sealed bytea NOT NULL,
            CONSTRAINT pk_document_version PRIMARY KEY (document_id, version)
        );
        CREATE TRIGGER document_version_is_only_added_to
            BEFORE UPDATE OR DELETE OR TRUNCATE ON document_version
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
