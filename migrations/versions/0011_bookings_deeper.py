"""Bookings: approval, series, overbooking."""

from alembic import op

revision = "0011_bookings_deeper"
down_revision = "0010_schedules_deeper"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE appointment
            ADD series_id uuid,
            DROP CONSTRAINT ck_appointment_hold,
            ADD CONSTRAINT ck_appointment_hold
                CHECK ((status IN ('proposed', 'pending')) = (hold_until IS NOT NULL));
        DROP INDEX ix_appointment_held;
        CREATE INDEX ix_appointment_held ON appointment (least(hold_until, lower(during)))
            WHERE hold_until IS NOT NULL;
        CREATE INDEX ix_appointment_series_id ON appointment (series_id) WHERE series_id IS NOT NULL;
        CREATE INDEX ix_appointment_missed ON appointment (patient_id, centre_id) WHERE status = 'noshow';
    """)
