"""Take what most visits take (a doctor and a patient, no group, no room) in one insert.

`occupancy_take` of 0016_taking, with a shorter way for that: the same locks, in the same order.
"""

from alembic import op

revision = "0043_plainly"
down_revision = "0042_signed_documents"


def upgrade() -> None:
    op.execute(_TAKE)


# Of each resource, if there is one: the session that takes it for all who share it, and the service whose rooms and
# devices are taken with it, for the same time. Returns what is taken.
_TAKE = """
    CREATE OR REPLACE FUNCTION occupancy_take(
        visit uuid, wanted uuid[], starts timestamptz[], ends timestamptz[], seats smallint[], sessions uuid[],
        services uuid[], expires timestamptz, moment timestamptz
    ) RETURNS uuid[] LANGUAGE plpgsql AS $$
        DECLARE
            refused uuid[] := '{}';
            in_the_way uuid[];
            moving boolean;
            during tstzrange;
            had boolean;
            plain boolean;
        BEGIN
            SELECT
                EXISTS (SELECT FROM occupancy WHERE appointment_id = visit),
                1 = ALL (seats) AND array_remove(sessions, NULL) = '{}' AND NOT EXISTS (
                    SELECT FROM service_resource needed
                    JOIN resource r ON r.id = needed.resource_id AND r.active
                    WHERE needed.service_id = ANY (services)
                )
            INTO moving, plain;
            IF NOT plain THEN
                SELECT array_agg(n.id ORDER BY n.id), array_agg(n.starts ORDER BY n.id),
                    array_agg(n.ends ORDER BY n.id), array_agg(n.seats ORDER BY n.id),
                    array_agg(n.session ORDER BY n.id)
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
            END IF;
            -- Until the transaction ends; shared by those that only take: they wait for each other's rows alone.
            IF moving OR NOT plain THEN
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
            ELSE
                PERFORM pg_advisory_xact_lock_shared(key)
                FROM (
                    SELECT hashtextextended(resource::text, 0) AS key FROM unnest(wanted) AS resource ORDER BY key
                ) AS resources;
            END IF;
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
                IF plain THEN
                    WITH got AS (
                        INSERT INTO occupancy (resource_id, seat, busy, appointment_id, expires_at)
                        SELECT w.id, 0, tstzrange(w.starts, w.ends), visit, expires
                        FROM unnest(wanted, starts, ends) AS w (id, starts, ends)
                        ORDER BY w.id
                        ON CONFLICT DO NOTHING
                        RETURNING resource_id
                    )
                    SELECT coalesce(array_agg(id ORDER BY id), '{}') INTO refused
                    FROM unnest(wanted) AS id
                    WHERE id NOT IN (SELECT resource_id FROM got);
                ELSE
                    FOR i IN 1 .. cardinality(wanted) LOOP
                        during := tstzrange(starts[i], ends[i]);
                        had := false;
                        FOR attempt IN 1 .. 3 LOOP
                            EXIT WHEN had;
                            IF sessions[i] IS NOT NULL THEN
                                UPDATE occupancy
                                SET expires_at = CASE
                                    WHEN expires IS NOT NULL AND expires_at IS NOT NULL
                                    THEN greatest(expires_at, expires)
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
                END IF;
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
