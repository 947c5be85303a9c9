"""Keys with numbers; who was erased, and until when backups of keys could tell; legal holds."""

from alembic import op

revision = "0020_erasure"
down_revision = "0019_signing"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE keys.subject_key ADD COLUMN number integer NOT NULL DEFAULT 1;
        ALTER TABLE keys.subject_key ALTER COLUMN number DROP DEFAULT;
        ALTER TABLE keys.subject_key DROP CONSTRAINT pk_subject_key;
        ALTER TABLE keys.subject_key ADD CONSTRAINT pk_subject_key PRIMARY KEY (subject, number);
        CREATE INDEX ix_subject_key_wrapped_by ON keys.subject_key (wrapped_by) WHERE wrapped IS NOT NULL;

        CREATE TABLE erasure (
            subject uuid NOT NULL,
            through integer NOT NULL,
            asked_by uuid,
            asked_at timestamptz NOT NULL,
            backup_days integer NOT NULL,
            destroyed_at timestamptz,
            CONSTRAINT pk_erasure PRIMARY KEY (subject, through)
        );
        CREATE INDEX ix_erasure_open ON erasure (asked_at) WHERE destroyed_at IS NULL;
        INSERT INTO erasure (subject, through, asked_at, backup_days, destroyed_at)
            SELECT subject, number, destroyed_at, 30, destroyed_at FROM keys.subject_key
            WHERE destroyed_at IS NOT NULL;

        CREATE TABLE legal_hold (
            id uuid NOT NULL CONSTRAINT pk_legal_hold PRIMARY KEY,
            subject uuid NOT NULL,
            placed_by uuid NOT NULL,
            placed_at timestamptz NOT NULL,
            reason bytea NOT NULL,
            lifted_by uuid,
            lifted_at timestamptz,
            lift_reason bytea,
            CONSTRAINT ck_legal_hold_lifted CHECK (
                (lifted_by IS NULL) = (lifted_at IS NULL) AND (lift_reason IS NULL) = (lifted_at IS NULL)
            )
        );
        CREATE INDEX ix_legal_hold_subject ON legal_hold (subject);
    """)
