"""Files that people send."""

from alembic import op

revision = "0025_files"
down_revision = "0024_imports"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE file (
            id uuid NOT NULL CONSTRAINT pk_file PRIMARY KEY,
            patient_id uuid NOT NULL,
            sender_id uuid NOT NULL,
            appointment_id uuid,
            practitioner_id uuid,
            sent_at timestamptz NOT NULL,
            filed_at timestamptz,
            final_at timestamptz,
            size bigint NOT NULL,
            pieces integer NOT NULL,
            version integer NOT NULL,
            sealed bytea NOT NULL
        );
        CREATE INDEX ix_file_patient_id_sent_at ON file (patient_id, sent_at);
        CREATE INDEX ix_file_sender_id ON file (sender_id, sent_at);
        CREATE TABLE file_piece (
            file_id uuid NOT NULL CONSTRAINT fk_file_piece_file_id REFERENCES file (id) DEFERRABLE INITIALLY DEFERRED,
            number integer NOT NULL,
            sealed bytea NOT NULL,
            CONSTRAINT pk_file_piece PRIMARY KEY (file_id, number)
        );
        ALTER TABLE file_piece ALTER sealed SET STORAGE EXTERNAL;
        CREATE TRIGGER file_piece_is_not_changed BEFORE UPDATE OR TRUNCATE ON file_piece
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
