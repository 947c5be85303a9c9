"""People, centres, practitioners, services."""

from alembic import op

revision = "0002_people"
down_revision = "0001_core"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE person (
            id uuid NOT NULL CONSTRAINT pk_person PRIMARY KEY,
            mxid text NOT NULL CONSTRAINT uq_person_mxid UNIQUE,
            name bytea,
            timezone text,
            language text,
            reminder_minutes integer[],
            created_at timestamptz NOT NULL
        );
        CREATE TABLE patient (
            id uuid NOT NULL CONSTRAINT pk_patient PRIMARY KEY,
            person_id uuid CONSTRAINT uq_patient_person_id UNIQUE
                CONSTRAINT fk_patient_person_id REFERENCES person,
            name bytea,
            born bytea,
            created_at timestamptz NOT NULL
        );
        CREATE TABLE guardian (
            person_id uuid NOT NULL CONSTRAINT fk_guardian_person_id REFERENCES person,
            patient_id uuid NOT NULL CONSTRAINT fk_guardian_patient_id REFERENCES patient,
            CONSTRAINT pk_guardian PRIMARY KEY (person_id, patient_id)
        );
        CREATE INDEX ix_guardian_patient_id ON guardian (patient_id);
    """)
    op.execute("""
        CREATE TABLE centre (
            id uuid NOT NULL CONSTRAINT pk_centre PRIMARY KEY,
            slug text NOT NULL CONSTRAINT uq_centre_slug UNIQUE,
            name text NOT NULL,
            street text NOT NULL,
            city text NOT NULL,
            country text NOT NULL,
            latitude double precision NOT NULL,
            longitude double precision NOT NULL,
            timezone text NOT NULL,
            currency text NOT NULL,
            cancel_hours integer NOT NULL CONSTRAINT ck_centre_cancel_hours CHECK (cancel_hours >= 0),
            late_refund_percent integer NOT NULL
                CONSTRAINT ck_centre_late_refund_percent CHECK (late_refund_percent BETWEEN 0 AND 100),
            phone text,
            accessible boolean NOT NULL,
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_centre_latitude_longitude ON centre (latitude, longitude);
        CREATE TABLE centre_admin (
            centre_id uuid NOT NULL CONSTRAINT fk_centre_admin_centre_id REFERENCES centre,
            person_id uuid NOT NULL CONSTRAINT fk_centre_admin_person_id REFERENCES person,
            CONSTRAINT pk_centre_admin PRIMARY KEY (centre_id, person_id)
        );
        CREATE INDEX ix_centre_admin_person_id ON centre_admin (person_id);
        CREATE TABLE practitioner (
            id uuid NOT NULL CONSTRAINT pk_practitioner PRIMARY KEY,
            slug text NOT NULL CONSTRAINT uq_practitioner_slug UNIQUE,
            name text NOT NULL,
            gender text,
            languages text[] NOT NULL,
            specialties text[] NOT NULL,
            person_id uuid CONSTRAINT uq_practitioner_person_id UNIQUE
                CONSTRAINT fk_practitioner_person_id REFERENCES person,
            created_at timestamptz NOT NULL
        );
        CREATE TABLE practitioner_role (
            practitioner_id uuid NOT NULL CONSTRAINT fk_practitioner_role_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_practitioner_role_centre_id REFERENCES centre,
            CONSTRAINT pk_practitioner_role PRIMARY KEY (practitioner_id, centre_id)
        );
        CREATE INDEX ix_practitioner_role_centre_id ON practitioner_role (centre_id);
    """)
    op.execute("""
        CREATE TABLE service (
            id uuid NOT NULL CONSTRAINT pk_service PRIMARY KEY,
            practitioner_id uuid NOT NULL,
            centre_id uuid NOT NULL,
            name text NOT NULL,
            specialty text NOT NULL,
            minutes integer NOT NULL CONSTRAINT ck_service_minutes CHECK (minutes BETWEEN 5 AND 480),
            buffer_before integer NOT NULL,
            buffer_after integer NOT NULL,
            grid_minutes integer NOT NULL
                CONSTRAINT ck_service_grid_minutes CHECK (grid_minutes BETWEEN 1 AND 1440),
            min_notice_minutes integer NOT NULL
                CONSTRAINT ck_service_min_notice_minutes CHECK (min_notice_minutes >= 0),
            window_days integer NOT NULL CONSTRAINT ck_service_window_days CHECK (window_days >= 1),
            mode text NOT NULL CONSTRAINT ck_service_mode CHECK (mode IN ('online', 'in-person')),
            price_amount bigint NOT NULL CONSTRAINT ck_service_price_amount CHECK (price_amount >= 0),
            price_currency text NOT NULL,
            payment text NOT NULL CONSTRAINT ck_service_payment CHECK (payment IN ('prepay', 'desk')),
            active boolean NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_service_buffers CHECK (buffer_before >= 0 AND buffer_after >= 0),
            CONSTRAINT fk_service_practitioner_id_centre_id FOREIGN KEY (practitioner_id, centre_id)
                REFERENCES practitioner_role (practitioner_id, centre_id)
        );
        CREATE INDEX ix_service_practitioner_id_centre_id ON service (practitioner_id, centre_id);
        CREATE INDEX ix_service_centre_id ON service (centre_id);
        CREATE INDEX ix_service_specialty ON service (specialty) WHERE active;
    """)
