"""Notices: quiet hours, daily lists. Reports."""

from alembic import op

revision = "0014_quiet_hours"
down_revision = "0013_money"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE person
            ADD quiet_starts smallint,
            ADD quiet_ends smallint,
            ADD CONSTRAINT ck_person_quiet CHECK ((quiet_starts IS NULL) = (quiet_ends IS NULL)),
            ADD CONSTRAINT ck_person_quiet_zone CHECK (quiet_starts IS NULL OR timezone IS NOT NULL);

        CREATE TABLE daily_list (
            centre_id uuid NOT NULL CONSTRAINT fk_daily_list_centre_id REFERENCES centre,
            day date NOT NULL,
            CONSTRAINT pk_daily_list PRIMARY KEY (centre_id, day)
        );
        CREATE INDEX ix_daily_list_day ON daily_list (day);

        CREATE TABLE report (
            id uuid NOT NULL CONSTRAINT pk_report PRIMARY KEY,
            centre_id uuid NOT NULL CONSTRAINT fk_report_centre_id REFERENCES centre,
            practitioner_id uuid CONSTRAINT fk_report_practitioner_id REFERENCES practitioner,
            first date NOT NULL,
            last date NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_report_span CHECK (first <= last)
        );
        CREATE INDEX ix_report_centre_id ON report (centre_id);
    """)
