"""People, centres, practitioners, services."""

from alembic import op

revision = "0002_people"
down_revision = "0001_core"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE person (
            id uuid NOT NULL CONSTRAINT pk_person PRIMARY KEY,
            mxid text NOT NULL CONSTRAINT uq_person_mxid UNIQUE,
            timezone text,
            language text,
            reminder_minutes integer[],
            created_at timestamptz NOT NULL
        );
        CREATE TABLE patient (
            id uuid NOT NULL CONSTRAINT pk_patient PRIMARY KEY,
            person_id uuid CONSTRAINT fk_patient_person_id REFERENCES person CONSTRAINT uq_patient_person_id UNIQUE,
            name bytea,
            name_given boolean NOT NULL DEFAULT false,
            born bytea,
            created_at timestamptz NOT NULL
        );
        CREATE TABLE guardian (
            person_id uuid NOT NULL CONSTRAINT fk_guardian_person_id REFERENCES person,
            patient_id uuid NOT NULL CONSTRAINT fk_guardian_patient_id REFERENCES patient,
            CONSTRAINT pk_guardian PRIMARY KEY (person_id, patient_id)
        );
        CREATE INDEX ix_guardian_patient_id ON guardian (patient_id);

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
            cancel_hours integer NOT NULL,
            late_refund_percent smallint NOT NULL,
            phone text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_centre_late_refund CHECK (late_refund_percent BETWEEN 0 AND 100)
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
            gender text NOT NULL,
            languages text[] NOT NULL,
            specialties text[] NOT NULL,
            person_id uuid CONSTRAINT fk_practitioner_person_id REFERENCES person
                CONSTRAINT uq_practitioner_person_id UNIQUE,
            created_at timestamptz NOT NULL
        );
        CREATE TABLE practitioner_role (
            practitioner_id uuid NOT NULL CONSTRAINT fk_practitioner_role_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_practitioner_role_centre_id REFERENCES centre,
            CONSTRAINT pk_practitioner_role PRIMARY KEY (practitioner_id, centre_id)
        );
        CREATE INDEX ix_practitioner_role_centre_id ON practitioner_role (centre_id);

        CREATE TABLE service (
            id uuid NOT NULL CONSTRAINT pk_service PRIMARY KEY,
            practitioner_id uuid NOT NULL CONSTRAINT fk_service_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_service_centre_id REFERENCES centre,
            name text NOT NULL,
            specialty text NOT NULL,
            minutes smallint NOT NULL,
            buffer_before smallint NOT NULL,
            buffer_after smallint NOT NULL,
            grid_minutes smallint NOT NULL,
            min_notice_minutes integer NOT NULL,
            window_days smallint NOT NULL,
            mode text NOT NULL,
            price_amount integer NOT NULL,
            price_currency text NOT NULL,
            payment text NOT NULL,
            active boolean NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_service_length CHECK (minutes BETWEEN 5 AND 480 AND grid_minutes BETWEEN 5 AND 480),
            CONSTRAINT ck_service_buffers CHECK (buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240),
            CONSTRAINT ck_service_price CHECK (price_amount >= 0)
        );
        CREATE INDEX ix_service_practitioner_id ON service (practitioner_id);
        CREATE INDEX ix_service_centre_id ON service (centre_id);
        CREATE INDEX ix_service_specialty ON service (specialty) WHERE active;
    """)
