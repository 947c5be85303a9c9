"""Calendars of rooms and devices on CalDAV servers: visits are written into them, too."""

from alembic import op

revision = "0058_rooms_both_ways"
down_revision = "0057_looked_at"


def upgrade() -> None:
    op.execute(_TABLES)


_TABLES = """
    ALTER TABLE calendar_source DROP CONSTRAINT ck_calendar_source_written;
    ALTER TABLE calendar_link
        ALTER practitioner_id DROP NOT NULL,
        ADD resource_id uuid CONSTRAINT fk_calendar_link_resource_id REFERENCES resource,
        ADD CONSTRAINT ck_calendar_link_subject CHECK (num_nonnulls(practitioner_id, resource_id) = 1);
"""
