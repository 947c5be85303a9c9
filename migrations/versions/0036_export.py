"""Exports that were asked for."""

from alembic import op

revision = "0036_export"
down_revision = "0035_line"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE export_request (
            id uuid NOT NULL CONSTRAINT pk_export_request PRIMARY KEY,
            person_id uuid NOT NULL,
            patients uuid[] NOT NULL,
            release text NOT NULL,
            asked_at timestamptz NOT NULL
        );
        CREATE INDEX ix_export_request_person_id ON export_request (person_id);
    """)
