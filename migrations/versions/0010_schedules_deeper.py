"""Schedules: hours of one service, dates that differ."""

from alembic import op

revision = "0010_schedules_deeper"
down_revision = "0009_directory"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE weekly_hours
            ADD service_id uuid CONSTRAINT fk_weekly_hours_service_id REFERENCES service;

        CREATE TABLE date_hours (
            practitioner_id uuid NOT NULL CONSTRAINT fk_date_hours_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_date_hours_centre_id REFERENCES centre,
            day date NOT NULL,
            hours int4multirange NOT NULL,
            CONSTRAINT pk_date_hours PRIMARY KEY (practitioner_id, centre_id, day),
            CONSTRAINT ck_date_hours_hours CHECK (hours <@ int4range(0, 1440))
        );
    """)
