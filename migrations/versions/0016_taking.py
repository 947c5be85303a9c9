"""Taking, keeping and giving back a time, each in one statement.

The rows of an appointment are its own; a group visit shares what its session holds. A session is the appointment of
nobody: it has the practitioner's time and the rooms, and it is the resource whose seats the patients take.
"""

from alembic import op

revision = "0016_taking"
down_revision = "0015_finding"


def upgrade() -> None:
    op.execute(_LOCK)
    op.execute(_GIVE_BACK)
    op.execute(_KEEP)
    op.execute(_TAKE_ONE)
    op.execute(_TAKE)
    op.execute("CREATE INDEX ix_appointment_held_by ON appointment (booked_by) WHERE hold_until IS NOT NULL")


# In one order whoever asks, so that nobody waits for another in a circle. Sessions are locked with their seats: who has
# a session's rows alone decides whether it has seats left.
_LOCK = """
    CREATE FUNCTION occupancy_lock(visits uuid[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM occupancy
            WHERE appointment_id = ANY (
                visits || ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = ANY (visits))
            )
            ORDER BY resource_id, seat, busy
            FOR UPDATE;
        END
    $$;
"""

# Removes what `visit` has, and of `visits` those whose hold is over; and the sessions in which nobody is left.
_GIVE_BACK = """
    CREATE FUNCTION occupancy_give_back(visits uuid[], visit uuid, moment timestamptz) RETURNS void
    LANGUAGE plpgsql AS $$
        DECLARE
            left_behind uuid[];
        BEGIN
            -- The seats of a session whose last hold is over go with it.
            visits := visits || ARRAY(SELECT appointment_id FROM occupancy WHERE resource_id = ANY (visits));
            PERFORM occupancy_lock(visits);
            WITH gone AS (
                DELETE FROM occupancy
                WHERE appointment_id = ANY (visits) AND (appointment_id = visit OR expires_at <= moment)
                RETURNING resource_id
            )
            SELECT array_agg(resource_id) INTO left_behind FROM gone;
            DELETE FROM occupancy o
            WHERE o.appointment_id = ANY (left_behind)
              AND NOT EXISTS (SELECT FROM occupancy seat WHERE seat.resource_id = o.appointment_id);
            UPDATE occupancy o
            SET expires_at = (
                SELECT CASE WHEN bool_and(expires_at IS NOT NULL) THEN max(expires_at) END
                FROM occupancy seat WHERE seat.resource_id = o.appointment_id
            )
            WHERE o.appointment_id = ANY (left_behind);
        END
    $$;
"""

_KEEP = """
    CREATE FUNCTION occupancy_keep(visit uuid) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM occupancy_lock(ARRAY[visit]);
            UPDATE occupancy SET expires_at = NULL
            WHERE appointment_id = visit
               OR appointment_id = ANY (ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = visit));
            RETURN FOUND;
        END
    $$;
"""

# The lowest seat that is free, waiting for whoever is about to take it; false when there is none.
_TAKE_ONE = """
    CREATE FUNCTION occupancy_take_one(
        visit uuid, wanted uuid, during tstzrange, seats smallint, expires timestamptz
    ) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            FOR n IN 0 .. seats - 1 LOOP
                CONTINUE WHEN n < seats - 1 AND EXISTS (
                    SELECT FROM occupancy
                    WHERE resource_id = wanted AND seat = n AND busy && during
                      AND lower(busy) >= lower(during) - interval '1 day' AND lower(busy) < upper(during)
                );
                INSERT INTO occupancy (resource_id, seat, busy, appointment_id, expires_at)
                VALUES (wanted, n, during, visit, expires)
                ON CONFLICT DO NOTHING;
                IF FOUND THEN
                    RETURN true;
                END IF;
            END LOOP;
            RETURN false;
        END
    $$;
"""

# Of each resource, if there is one: the session that takes it for all who share it, and the service whose rooms and
# devices are taken with it, for the same time. Returns what is taken.
_TAKE = """
    CREATE FUNCTION occupancy_take(
        visit uuid, wanted uuid[], starts timestamptz[], ends timestamptz[], seats smallint[], sessions uuid[],
        services uuid[], expires timestamptz, moment timestamptz
    ) RETURNS uuid[] LANGUAGE plpgsql AS $$
        DECLARE
            refused uuid[] := '{}';
            in_the_way uuid[];
            moving boolean := EXISTS (SELECT FROM occupancy WHERE appointment_id = visit);
            during tstzrange;
            had boolean;
        BEGIN
            SELECT array_agg(n.id ORDER BY n.id), array_agg(n.starts ORDER BY n.id), array_agg(n.ends ORDER BY n.id),
                array_agg(n.seats ORDER BY n.id), array_agg(n.session ORDER BY n.id)
            INTO wanted, starts, ends, seats, sessions
            FROM (
                SELECT w.id, w.starts, w.ends, w.seats, w.session
                FROM unnest(wanted, starts, ends, seats, sessions) AS w (id, starts, ends, seats, session)
                UNION ALL
                SELECT r.id, w.starts, w.ends, r.seats, w.session
                FROM unnest(services, starts, ends, sessions) AS w (service, starts, ends, session)
                JOIN service_resource needed ON needed.service_id = w.service
                JOIN resource r ON r.id = needed.resource_id AND r.active
            ) AS n;
            -- Until the transaction ends; shared by those that only take: they wait for each other's rows alone.
            PERFORM CASE WHEN moving THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END
            FROM (
                SELECT hashtextextended(resource::text, 0) AS key FROM unnest(wanted) AS resource
                WHERE resource <> ALL (array_remove(sessions, NULL))
                UNION
                SELECT hashtextextended(resource_id::text, 0) FROM occupancy
                WHERE moving AND appointment_id = ANY (
                    visit || ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = visit)
                )
                ORDER BY key
            ) AS resources;
            -- A hold whose time is over is nobody's: whoever wants some of the time removes it, so no sweeper has to be
            -- awake for that; and the whole of it, so that what is left of a hold is always all of it. One that is
            -- about to end is locked too: to another, whose clock is ahead, it may be over.
            SELECT array_agg(DISTINCT o.appointment_id) INTO in_the_way
            FROM unnest(wanted, starts, ends) AS w (resource_id, starts, ends)
            CROSS JOIN LATERAL (
                SELECT appointment_id FROM occupancy
                WHERE resource_id = w.resource_id
                  AND lower(busy) >= w.starts - interval '1 day' AND lower(busy) < w.ends AND upper(busy) > w.starts
                  AND expires_at <= moment + interval '10 seconds'
            ) AS o;
            IF moving THEN
                in_the_way := in_the_way || visit;
            END IF;
            BEGIN
                IF in_the_way IS NOT NULL THEN
                    PERFORM occupancy_give_back(in_the_way, visit, moment);
                END IF;
                FOR i IN 1 .. cardinality(wanted) LOOP
                    during := tstzrange(starts[i], ends[i]);
                    had := false;
                    FOR attempt IN 1 .. 3 LOOP
                        EXIT WHEN had;
                        IF sessions[i] IS NOT NULL THEN
                            UPDATE occupancy
                            SET expires_at = CASE
                                WHEN expires IS NOT NULL AND expires_at IS NOT NULL THEN greatest(expires_at, expires)
                            END
                            WHERE appointment_id = sessions[i] AND resource_id = wanted[i];
                            had := FOUND;
                        END IF;
                        had := had OR occupancy_take_one(
                            coalesce(sessions[i], visit), wanted[i], during, seats[i], expires
                        );
                        EXIT WHEN sessions[i] IS NULL;
                    END LOOP;
                    IF NOT had THEN
                        refused := refused || wanted[i];
                    END IF;
                END LOOP;
                IF refused <> '{}' THEN
                    RAISE EXCEPTION USING ERRCODE = 'CC001', MESSAGE = 'taken';
                END IF;
            EXCEPTION WHEN SQLSTATE 'CC001' THEN
                NULL;  -- what was changed since the last BEGIN is as it was
            END;
            RETURN refused;
        END
    $$;
"""
