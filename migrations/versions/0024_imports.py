"""Calendars read in: who is busy by them, and that no time is sold over that."""

from alembic import op

revision = "0024_imports"
down_revision = "0023_staff"


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_BUSY)
    op.execute(_REFUSE)
    op.execute(_FREED)


_TABLES = """
    CREATE TABLE calendar_source (
        id uuid PRIMARY KEY,
        practitioner_id uuid NOT NULL REFERENCES practitioner,
        kind text NOT NULL CONSTRAINT ck_calendar_source_kind CHECK (kind IN ('file', 'feed', 'caldav')),
        owner uuid NOT NULL REFERENCES person,
        created_at timestamptz NOT NULL,
        read_at timestamptz,
        known_until timestamptz NOT NULL,
        failures smallint NOT NULL,
        failing_since timestamptz,
        problem text NOT NULL,
        etag text NOT NULL,
        last_modified text NOT NULL,
        digest bytea NOT NULL,
        next_look_at timestamptz,
        told_at timestamptz,
        events smallint NOT NULL,
        left_out smallint NOT NULL,
        address bytea,
        CONSTRAINT ck_calendar_source_address CHECK ((kind = 'file') = (address IS NULL))
    );
    CREATE INDEX ix_calendar_source_practitioner_id ON calendar_source (practitioner_id);
    CREATE INDEX ix_calendar_source_owner ON calendar_source (owner);
    CREATE INDEX ix_calendar_source_next_look_at ON calendar_source (next_look_at) WHERE next_look_at IS NOT NULL;
    CREATE TABLE calendar_busy (
        source_id uuid NOT NULL REFERENCES calendar_source ON DELETE CASCADE,
        during tstzrange NOT NULL,
        practitioner_id uuid NOT NULL REFERENCES practitioner,
        PRIMARY KEY (source_id, during),
        CONSTRAINT ck_calendar_busy_half_open
            CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)),
        CONSTRAINT ck_calendar_busy_at_most_a_day CHECK (upper(during) - lower(during) <= interval '1 day')
    );
    CREATE INDEX ix_calendar_busy_practitioner ON calendar_busy (practitioner_id, lower(during)) INCLUDE (during);
    CREATE TABLE calendar_draft (
        id uuid PRIMARY KEY,
        person_id uuid NOT NULL REFERENCES person,
        created_at timestamptz NOT NULL,
        content bytea NOT NULL
    );
    CREATE INDEX ix_calendar_draft_created_at ON calendar_draft (created_at);
"""

# What is busy by calendars between two instants, and what is not known: one place that all who ask use.
_BUSY = """
    CREATE FUNCTION calendar_busy_of(wanted uuid[], starts timestamptz, ends timestamptz)
    RETURNS TABLE (practitioner_id uuid, during tstzrange) LANGUAGE sql STABLE AS $$
        SELECT b.practitioner_id, b.during
        FROM calendar_busy b
        WHERE b.practitioner_id = ANY (wanted)
          AND lower(b.during) >= starts - interval '1 day' AND lower(b.during) < ends AND upper(b.during) > starts
        UNION ALL
        SELECT s.practitioner_id, tstzrange(s.known_until, '2200-01-01 00:00:00+00')
        FROM calendar_source s
        WHERE s.practitioner_id = ANY (wanted) AND s.known_until < ends AND s.known_until < '2200-01-01 00:00:00+00'
    $$;
"""

# Who takes a time shares a lock of the practitioner's (occupancy_take has it already); who writes down what is busy has
# it alone. So each sees what the other has committed, and none is sold over a busy time that is known. Staff who
# overbook take another seat: that is their word, and it is written down. Who joins a group takes the seat of a session,
# whose practitioner is looked at then.
_REFUSE = """
    CREATE FUNCTION calendar_lock(practitioner uuid) RETURNS void LANGUAGE sql VOLATILE AS $$
        SELECT pg_advisory_xact_lock(hashtextextended(practitioner::text, 0))
    $$;
    CREATE FUNCTION calendar_refuse() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            IF NEW.seat = 0 AND EXISTS (SELECT FROM calendar_source WHERE practitioner_id = NEW.resource_id) THEN
                PERFORM pg_advisory_xact_lock_shared(hashtextextended(NEW.resource_id::text, 0));
                IF EXISTS (
                    SELECT FROM calendar_busy_of(ARRAY[NEW.resource_id], lower(NEW.busy), upper(NEW.busy))
                ) THEN
                    RETURN NULL;
                END IF;
            END IF;
            IF EXISTS (
                SELECT FROM occupancy o
                CROSS JOIN LATERAL calendar_busy_of(ARRAY[o.resource_id], lower(o.busy), upper(o.busy))
                WHERE o.appointment_id = NEW.resource_id AND o.seat = 0
            ) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END
    $$;
    CREATE TRIGGER calendar_refuse BEFORE INSERT ON occupancy FOR EACH ROW EXECUTE FUNCTION calendar_refuse();
"""

# One row a service for all that one statement frees.
_FREED = """
    CREATE FUNCTION calendar_freed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO freed (service_id)
            SELECT id FROM service
            WHERE practitioner_id IN (SELECT practitioner_id FROM gone WHERE upper(during) > now());
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_freed AFTER DELETE ON calendar_busy REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_freed();
    CREATE TRIGGER free_again AFTER DELETE ON calendar_source FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again_known AFTER UPDATE ON calendar_source
        FOR EACH ROW WHEN (NEW.known_until > OLD.known_until) EXECUTE FUNCTION free_again();
"""
