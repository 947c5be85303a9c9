"""Rooms and devices are busy by calendars of their own, too: no visit that needs one is sold over that."""

from alembic import op

revision = "0049_rooms_busy"
down_revision = "0048_opening_again"


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_BUSY)
    op.execute(_REFUSE)
    op.execute(_FREED)
    op.execute(_FEEDS)


# Whose a calendar is: a practitioner's, or a room's or device's; `subject_id` is either.
_TABLES = """
    ALTER TABLE calendar_source
        ALTER practitioner_id DROP NOT NULL,
        ADD resource_id uuid CONSTRAINT fk_calendar_source_resource_id REFERENCES resource,
        ADD subject_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(practitioner_id, resource_id)) STORED,
        ADD CONSTRAINT ck_calendar_source_subject CHECK (num_nonnulls(practitioner_id, resource_id) = 1),
        ADD CONSTRAINT ck_calendar_source_written CHECK (kind <> 'caldav' OR practitioner_id IS NOT NULL);
    CREATE INDEX ix_calendar_source_subject_id ON calendar_source (subject_id);
    DROP INDEX ix_calendar_source_practitioner_id;
    ALTER TABLE calendar_busy
        ALTER practitioner_id DROP NOT NULL,
        ADD resource_id uuid CONSTRAINT fk_calendar_busy_resource_id REFERENCES resource,
        ADD subject_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(practitioner_id, resource_id)) STORED,
        ADD CONSTRAINT ck_calendar_busy_subject CHECK (num_nonnulls(practitioner_id, resource_id) = 1);
    CREATE INDEX ix_calendar_busy_subject ON calendar_busy (subject_id, lower(during)) INCLUDE (during);
    DROP INDEX ix_calendar_busy_practitioner;
"""

# As before, but of both; the first column keeps its name for those who ask for it by that.
_BUSY = """
    CREATE OR REPLACE FUNCTION calendar_busy_of(wanted uuid[], starts timestamptz, ends timestamptz)
    RETURNS TABLE (practitioner_id uuid, during tstzrange) LANGUAGE sql STABLE AS $$
        SELECT b.subject_id, b.during
        FROM calendar_busy b
        WHERE b.subject_id = ANY (wanted)
          AND lower(b.during) >= starts - interval '1 day' AND lower(b.during) < ends AND upper(b.during) > starts
        UNION ALL
        SELECT s.subject_id, tstzrange(s.known_until, '2200-01-01 00:00:00+00')
        FROM calendar_source s
        WHERE s.subject_id = ANY (wanted) AND s.known_until < ends AND s.known_until < '2200-01-01 00:00:00+00'
    $$;
"""

# Of a practitioner the first seat is refused, since a further one is the word of staff who overbook; of a room or
# device each, since its seats are just so many of its kind. Who joins a group takes the seat of a session, whose
# practitioner and rooms are looked at then.
_REFUSE = """
    CREATE OR REPLACE FUNCTION calendar_refuse() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM calendar_source
                WHERE subject_id = NEW.resource_id AND (NEW.seat = 0 OR resource_id IS NOT NULL)
            ) THEN
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
                WHERE o.appointment_id = NEW.resource_id
                  AND (o.seat = 0 OR EXISTS (SELECT FROM resource WHERE id = o.resource_id))
            ) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END
    $$;
"""

_FREED = """
    CREATE OR REPLACE FUNCTION calendar_freed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO freed (service_id)
            SELECT id FROM service
            WHERE practitioner_id IN (SELECT practitioner_id FROM gone WHERE upper(during) > now())
            UNION
            SELECT service_id FROM service_resource
            WHERE resource_id IN (SELECT resource_id FROM gone WHERE upper(during) > now());
            RETURN NULL;
        END
    $$;
    CREATE FUNCTION calendar_room_freed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO freed (service_id) SELECT service_id FROM service_resource WHERE resource_id = OLD.resource_id;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER room_free_again AFTER DELETE ON calendar_source
        FOR EACH ROW WHEN (OLD.resource_id IS NOT NULL) EXECUTE FUNCTION calendar_room_freed();
    CREATE TRIGGER room_free_again_known AFTER UPDATE ON calendar_source
        FOR EACH ROW WHEN (NEW.resource_id IS NOT NULL AND NEW.known_until > OLD.known_until)
        EXECUTE FUNCTION calendar_room_freed();
"""

# The feed of a room shows when it is taken by a calendar of its own; its versions are those of its centre.
_FEEDS = """
    CREATE OR REPLACE FUNCTION calendar_busy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO calendar_change (subject_id)
            SELECT practitioner_id FROM changed WHERE practitioner_id IS NOT NULL
            UNION
            SELECT centre_id FROM practitioner_role
            WHERE practitioner_id IN (SELECT practitioner_id FROM changed)
            UNION
            SELECT centre_id FROM resource WHERE id IN (SELECT resource_id FROM changed);
            RETURN NULL;
        END
    $$;
    CREATE FUNCTION calendar_room_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO calendar_change (subject_id) SELECT centre_id FROM resource WHERE id = NEW.resource_id;
            RETURN NULL;
        END
    $$;
    DROP TRIGGER calendar_hours_changed ON calendar_source;
    CREATE TRIGGER calendar_hours_changed AFTER UPDATE OF known_until ON calendar_source
        FOR EACH ROW WHEN (NEW.practitioner_id IS NOT NULL) EXECUTE FUNCTION calendar_hours_changed();
    CREATE TRIGGER calendar_room_changed AFTER UPDATE OF known_until ON calendar_source
        FOR EACH ROW WHEN (NEW.resource_id IS NOT NULL) EXECUTE FUNCTION calendar_room_changed();
"""
