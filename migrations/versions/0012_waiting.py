"""The waiting list: what is waited for, with which services, and what was offered."""

from alembic import op

revision = "0012_waiting"
down_revision = "0011_bookings_deeper"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE waiting (
            id uuid PRIMARY KEY,
            patient_id uuid NOT NULL REFERENCES patient,
            person_id uuid NOT NULL REFERENCES person,
            earliest timestamptz NOT NULL,
            latest timestamptz NOT NULL,
            after_minute smallint,
            before_minute smallint,
            timezone text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_waiting_span CHECK (earliest < latest)
        );
        CREATE INDEX ix_waiting_patient_id ON waiting (patient_id);
        CREATE INDEX ix_waiting_latest ON waiting (latest);
        CREATE TABLE waiting_service (
            service_id uuid NOT NULL REFERENCES service,
            waiting_id uuid NOT NULL REFERENCES waiting ON DELETE CASCADE,
            PRIMARY KEY (service_id, waiting_id)
        );
        CREATE INDEX ix_waiting_service_waiting_id ON waiting_service (waiting_id);
        CREATE TABLE waiting_offer (
            appointment_id uuid PRIMARY KEY REFERENCES appointment,
            waiting_id uuid NOT NULL REFERENCES waiting ON DELETE CASCADE
        );
        CREATE INDEX ix_waiting_offer_waiting_id ON waiting_offer (waiting_id);
        ALTER TABLE appointment
            DROP CONSTRAINT ck_appointment_hold,
            ADD CONSTRAINT ck_appointment_hold
                CHECK ((status IN ('proposed', 'pending', 'waitlist')) = (hold_until IS NOT NULL));
    """)
