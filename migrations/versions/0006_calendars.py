"""Calendar feeds."""

from alembic import op

revision = "0006_calendars"
down_revision = "0005_records"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE calendar_feed (
            id uuid NOT NULL CONSTRAINT pk_calendar_feed PRIMARY KEY,
            kind text NOT NULL,
            subject_id uuid NOT NULL,
            owner uuid NOT NULL CONSTRAINT fk_calendar_feed_owner REFERENCES person,
            secret_hash bytea NOT NULL CONSTRAINT uq_calendar_feed_secret_hash UNIQUE,
            created_at timestamptz NOT NULL,
            last_used_at timestamptz,
            revoked_at timestamptz
        );
        CREATE INDEX ix_calendar_feed_owner ON calendar_feed (owner);
    """)
