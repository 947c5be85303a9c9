"""Calendars on CalDAV servers: the page that asks how one is reached, and our visits that are written into one."""

from alembic import op

revision = "0033_caldav"
down_revision = "0032_verifying"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE calendar_source ADD looked_at timestamptz;
        CREATE TABLE calendar_link (
            secret_hash bytea PRIMARY KEY,
            person_id uuid NOT NULL REFERENCES person,
            practitioner_id uuid NOT NULL REFERENCES practitioner,
            room_id text NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        );
        CREATE INDEX ix_calendar_link_expires_at ON calendar_link (expires_at);
        CREATE TABLE calendar_written (
            source_id uuid NOT NULL REFERENCES calendar_source ON DELETE CASCADE,
            appointment_id uuid NOT NULL REFERENCES appointment,
            digest bytea NOT NULL,
            etag text NOT NULL,
            PRIMARY KEY (source_id, appointment_id)
        );
    """)
