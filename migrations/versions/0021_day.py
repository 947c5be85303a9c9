"""The doctor's day: visits that have begun, what runs late, and lists that are kept up to date."""

from alembic import op

revision = "0021_day"
down_revision = "0020_erasure"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE appointment ADD started_at timestamptz;
        CREATE TABLE expected_start (
            appointment_id uuid NOT NULL CONSTRAINT pk_expected_start PRIMARY KEY
                CONSTRAINT fk_expected_start_appointment_id REFERENCES appointment (id),
            starts_at timestamptz NOT NULL,
            expected_at timestamptz NOT NULL
        );
        CREATE INDEX ix_expected_start_expected_at ON expected_start (expected_at);
        CREATE TABLE day_board (
            person_id uuid NOT NULL CONSTRAINT fk_day_board_person_id REFERENCES person (id),
            subject_id uuid NOT NULL,
            day date NOT NULL,
            of_centre boolean NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            room_id text NOT NULL,
            key text NOT NULL,
            visits uuid[] NOT NULL,
            CONSTRAINT pk_day_board PRIMARY KEY (person_id, subject_id, day)
        );
        CREATE INDEX ix_day_board_subject_id ON day_board (subject_id, ends_at);
    """)
    # Triggers, so that no way of changing a visit can forget the lists in which it is shown.
    op.execute("""
        CREATE FUNCTION refresh_boards(practitioner uuid, centre uuid, at timestamptz) RETURNS void
            LANGUAGE sql AS $$
            INSERT INTO outbox (id, kind, lane, payload, created_at, due_at)
            SELECT gen_random_uuid(), 'board.changed', 'board:' || person_id || ':' || subject_id,
                convert_to(
                    json_build_object('person', person_id, 'subject', subject_id, 'day', day)::text, 'UTF8'
                ),
                now(), now()
            FROM day_board
            WHERE subject_id IN (practitioner, centre) AND starts_at <= at AND at < ends_at
        $$;
        CREATE FUNCTION appointment_refreshes_boards() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM refresh_boards(NEW.practitioner_id, NEW.centre_id, lower(NEW.during));
                IF TG_OP = 'UPDATE' AND lower(OLD.during) <> lower(NEW.during) THEN
                    PERFORM refresh_boards(OLD.practitioner_id, OLD.centre_id, lower(OLD.during));
                END IF;
                RETURN NULL;
            END $$;
        CREATE TRIGGER appointment_is_shown AFTER INSERT OR UPDATE OF status, during, started_at ON appointment
            FOR EACH ROW EXECUTE FUNCTION appointment_refreshes_boards();
        CREATE FUNCTION expected_start_refreshes_boards() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM refresh_boards(a.practitioner_id, a.centre_id, lower(a.during))
                FROM appointment a WHERE a.id = NEW.appointment_id;
                RETURN NULL;
            END $$;
        CREATE TRIGGER expected_start_is_shown AFTER INSERT OR UPDATE ON expected_start
            FOR EACH ROW EXECUTE FUNCTION expected_start_refreshes_boards();
    """)
