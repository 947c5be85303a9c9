"""Weekly hours, time off, occupancy."""

from alembic import op

revision = "0003_schedules"
down_revision = "0002_people"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE weekly_hours (
            id uuid NOT NULL CONSTRAINT pk_weekly_hours PRIMARY KEY,
            practitioner_id uuid NOT NULL CONSTRAINT fk_weekly_hours_practitioner_id REFERENCES practitioner,
            centre_id uuid NOT NULL CONSTRAINT fk_weekly_hours_centre_id REFERENCES centre,
            weekday smallint NOT NULL CONSTRAINT ck_weekly_hours_weekday CHECK (weekday BETWEEN 0 AND 6),
            starts smallint NOT NULL,
            ends smallint NOT NULL,
            valid_from date NOT NULL,
            valid_until date,
            CONSTRAINT ck_weekly_hours_span CHECK (0 <= starts AND starts < ends AND ends <= 1440)
        );
        CREATE INDEX ix_weekly_hours_practitioner_id ON weekly_hours (practitioner_id, centre_id);

        CREATE TABLE time_off (
            id uuid NOT NULL CONSTRAINT pk_time_off PRIMARY KEY,
            practitioner_id uuid NOT NULL CONSTRAINT fk_time_off_practitioner_id REFERENCES practitioner,
            during tstzrange NOT NULL CONSTRAINT ck_time_off_during CHECK (NOT isempty(during)),
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_time_off_practitioner_id ON time_off (practitioner_id);

        CREATE TYPE uuidrange AS RANGE (subtype = uuid);
        CREATE TABLE occupancy (
            resource_id uuid NOT NULL,
            seat smallint NOT NULL DEFAULT 0,
            busy tstzrange NOT NULL,
            appointment_id uuid NOT NULL,
            expires_at timestamptz,
            CONSTRAINT ck_occupancy_half_open CHECK (NOT isempty(busy) AND lower_inc(busy) AND NOT upper_inc(busy)),
            CONSTRAINT ck_occupancy_at_most_a_day CHECK (upper(busy) - lower(busy) <= interval '1 day'),
            CONSTRAINT no_double_booking EXCLUDE USING gist (
                uuidrange(resource_id, resource_id, '[]') WITH =,
                int4range(seat::int, seat::int, '[]') WITH =,
                busy WITH &&
            )
        );
        CREATE INDEX ix_occupancy_appointment_id ON occupancy (appointment_id);
        CREATE INDEX ix_occupancy_resource ON occupancy (resource_id, lower(busy)) INCLUDE (busy);
    """)
