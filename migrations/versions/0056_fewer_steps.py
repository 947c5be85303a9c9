"""Each step that PostgreSQL takes within a function or a trigger costs it about as much as a statement of ours: fewer.

- What most visits take, a doctor's time and the patient's, has a function of its own beside `occupancy_take`
  (0016_taking, 0043_plainly). It takes the same locks in the same order, and writes the same rows.
- A hold that is kept locks its rows without another function between.
- Calendars are looked at in one query for each row that is taken, and for the lists of the day nothing is written
  unless one is shown.
"""

from alembic import op

revision = "0056_fewer_steps"
down_revision = "0055_lighter"


def upgrade() -> None:
    op.execute(_TAKE_PLAINLY)
    op.execute(_KEEP)
    op.execute(_REFUSE)
    op.execute(_SHOWN)


# For a visit that has taken nothing yet, of a service that needs no room and is no group. Returns what is taken.
_TAKE_PLAINLY = """
    CREATE FUNCTION occupancy_take_plainly(
        visit uuid, practitioner uuid, patient uuid, begins timestamptz, ends timestamptz,
        starts timestamptz, until timestamptz, expires timestamptz, moment timestamptz
    ) RETURNS uuid[] LANGUAGE plpgsql AS $$
        DECLARE
            one bigint := hashtextextended(practitioner::text, 0);
            other bigint := hashtextextended(patient::text, 0);
            refused uuid[] := '{}';
            in_the_way uuid[];
            locked boolean;
        BEGIN
            -- Until the transaction ends; shared by those that only take: they wait for each other's rows alone.
            -- As expressions: a query for each would take longer than the lock.
            locked := pg_advisory_xact_lock_shared(least(one, other)) IS NULL;
            locked := pg_advisory_xact_lock_shared(greatest(one, other)) IS NULL;
            -- A hold whose time is over is nobody's, or will be in a moment by another's clock: see occupancy_take.
            SELECT array_agg(DISTINCT appointment_id) INTO in_the_way
            FROM (
                SELECT appointment_id FROM occupancy
                WHERE resource_id = practitioner
                  AND lower(busy) >= begins - interval '1 day' AND lower(busy) < ends AND upper(busy) > begins
                  AND expires_at <= moment + interval '10 seconds'
                UNION ALL
                SELECT appointment_id FROM occupancy
                WHERE resource_id = patient
                  AND lower(busy) >= starts - interval '1 day' AND lower(busy) < until AND upper(busy) > starts
                  AND expires_at <= moment + interval '10 seconds'
            ) AS o;
            BEGIN
                IF in_the_way IS NOT NULL THEN
                    PERFORM occupancy_give_back(in_the_way, visit, moment);
                END IF;
                WITH got AS (
                    INSERT INTO occupancy (resource_id, seat, busy, appointment_id, expires_at)
                    SELECT id, 0, busy, visit, expires
                    FROM (
                        VALUES (practitioner, tstzrange(begins, ends)), (patient, tstzrange(starts, until))
                    ) AS wanted (id, busy)
                    ORDER BY id
                    ON CONFLICT DO NOTHING
                    RETURNING resource_id
                )
                SELECT array_agg(id ORDER BY id) INTO refused
                FROM (VALUES (practitioner), (patient)) AS wanted (id)
                WHERE id NOT IN (SELECT resource_id FROM got);
                IF refused IS NOT NULL THEN
                    RAISE EXCEPTION USING ERRCODE = 'CC001', MESSAGE = 'taken';
                END IF;
            EXCEPTION WHEN SQLSTATE 'CC001' THEN
                NULL;  -- what was changed since the last BEGIN is as it was
            END;
            RETURN coalesce(refused, '{}');
        END
    $$;
"""

_KEEP = """
    CREATE OR REPLACE FUNCTION occupancy_keep(visit uuid) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            -- As occupancy_lock does.
            PERFORM FROM occupancy
            WHERE appointment_id = ANY (
                visit || ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = visit)
            )
            ORDER BY resource_id, seat, busy
            FOR UPDATE;
            UPDATE occupancy SET expires_at = NULL
            WHERE appointment_id = visit
               OR appointment_id = ANY (ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = visit));
            RETURN FOUND;
        END
    $$;
"""

_REFUSE = """
    CREATE OR REPLACE FUNCTION calendar_refuse() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            -- Nearly always neither this nor what a session has taken has a calendar: one query says so.
            IF NOT (
                EXISTS (SELECT FROM calendar_source WHERE subject_id = NEW.resource_id)
                OR EXISTS (
                    SELECT FROM occupancy o JOIN calendar_source s ON s.subject_id = o.resource_id
                    WHERE o.appointment_id = NEW.resource_id
                )
            ) THEN
                RETURN NEW;
            END IF;
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

_SHOWN = """
    CREATE OR REPLACE FUNCTION appointment_refreshes_boards() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (
                SELECT FROM day_board
                WHERE subject_id IN (NEW.practitioner_id, NEW.centre_id, OLD.practitioner_id, OLD.centre_id)
                  AND ends_at > least(lower(NEW.during), lower(OLD.during))
            ) THEN
                RETURN NULL;
            END IF;
            PERFORM refresh_boards(NEW.practitioner_id, NEW.centre_id, lower(NEW.during));
            IF TG_OP = 'UPDATE' AND lower(OLD.during) <> lower(NEW.during) THEN
                PERFORM refresh_boards(OLD.practitioner_id, OLD.centre_id, lower(OLD.during));
            END IF;
            RETURN NULL;
        END
    $$;
"""
