"""Appointments, payments, ledger, reminders."""

from alembic import op

revision = "0004_appointments"
down_revision = "0003_schedules"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE appointment (
            id uuid NOT NULL CONSTRAINT pk_appointment PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_appointment_code UNIQUE,
            status text NOT NULL,
            service_id uuid NOT NULL CONSTRAINT fk_appointment_service_id REFERENCES service,
            practitioner_id uuid NOT NULL CONSTRAINT fk_appointment_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_appointment_centre_id REFERENCES centre,
            patient_id uuid NOT NULL CONSTRAINT fk_appointment_patient_id REFERENCES patient,
            booked_by uuid NOT NULL CONSTRAINT fk_appointment_booked_by REFERENCES person,
            during tstzrange NOT NULL,
            price_amount integer NOT NULL,
            price_currency text NOT NULL,
            hold_until timestamptz,
            free_until timestamptz NOT NULL,
            late_refund_percent smallint NOT NULL,
            settled_at timestamptz,
            sequence integer NOT NULL,
            reason bytea,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT ck_appointment_half_open
                CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)),
            CONSTRAINT ck_appointment_hold CHECK ((status = 'pending') = (hold_until IS NOT NULL)),
            CONSTRAINT ck_appointment_price CHECK (price_amount >= 0)
        );
        CREATE INDEX ix_appointment_practitioner_id ON appointment (practitioner_id, lower(during));
        CREATE INDEX ix_appointment_centre_id ON appointment (centre_id, lower(during));
        CREATE INDEX ix_appointment_patient_id ON appointment (patient_id, lower(during));
        CREATE INDEX ix_appointment_booked_by ON appointment (booked_by, lower(during));
        CREATE INDEX ix_appointment_booked ON appointment (lower(during)) WHERE status = 'booked';
        CREATE INDEX ix_appointment_held ON appointment (hold_until) WHERE status = 'pending';

        CREATE TABLE appointment_move (
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_appointment_move PRIMARY KEY,
            appointment_id uuid NOT NULL CONSTRAINT fk_appointment_move_appointment_id REFERENCES appointment,
            at timestamptz NOT NULL,
            from_status text,
            to_status text NOT NULL,
            actor uuid CONSTRAINT fk_appointment_move_actor REFERENCES person,
            why text NOT NULL
        );
        CREATE INDEX ix_appointment_move_appointment_id ON appointment_move (appointment_id);

        CREATE TABLE payment (
            appointment_id uuid NOT NULL CONSTRAINT pk_payment PRIMARY KEY
                CONSTRAINT fk_payment_appointment_id REFERENCES appointment,
            state text NOT NULL,
            amount integer NOT NULL,
            currency text NOT NULL,
            session_id text CONSTRAINT uq_payment_session_id UNIQUE,
            payment_intent text CONSTRAINT uq_payment_payment_intent UNIQUE,
            url text,
            expires_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT ck_payment_amount CHECK (amount > 0)
        );

        CREATE TABLE ledger_entry (
            id uuid NOT NULL CONSTRAINT pk_ledger_entry PRIMARY KEY,
            appointment_id uuid NOT NULL CONSTRAINT fk_ledger_entry_appointment_id REFERENCES appointment,
            at timestamptz NOT NULL,
            kind text NOT NULL,
            amount integer NOT NULL,
            currency text NOT NULL,
            stripe_ref text,
            reverses uuid CONSTRAINT fk_ledger_entry_reverses REFERENCES ledger_entry
                CONSTRAINT uq_ledger_entry_reverses UNIQUE,
            CONSTRAINT ck_ledger_entry_sign CHECK ((kind = 'refund') = (amount < 0)),
            CONSTRAINT ck_ledger_entry_reversal CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
        );
        CREATE INDEX ix_ledger_entry_appointment_id ON ledger_entry (appointment_id);
        CREATE UNIQUE INDEX uq_ledger_entry_stripe_ref ON ledger_entry (kind, stripe_ref);

        CREATE TABLE reminder (
            appointment_id uuid NOT NULL CONSTRAINT fk_reminder_appointment_id REFERENCES appointment,
            person_id uuid NOT NULL CONSTRAINT fk_reminder_person_id REFERENCES person,
            minutes integer NOT NULL,
            starts_at timestamptz NOT NULL,
            sent_at timestamptz NOT NULL,
            CONSTRAINT pk_reminder PRIMARY KEY (appointment_id, person_id, minutes, starts_at)
        );
        CREATE INDEX ix_reminder_starts_at ON reminder (starts_at);
    """)
