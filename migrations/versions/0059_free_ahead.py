"""From when on each service can be free in each stretch of the weeks to come."""

from alembic import op

revision = "0059_free_ahead"
down_revision = "0058_rooms_both_ways"


def upgrade() -> None:
    # Unknown for every service until the job that keeps bounds has looked. A row goes with the service's next_free,
    # which an edit of the service makes anew.
    op.execute("""
        ALTER TABLE next_free
            ADD known_until timestamptz NOT NULL DEFAULT '-infinity',
            ADD ahead_stale_at timestamptz NOT NULL DEFAULT '-infinity';
        CREATE INDEX ix_next_free_known_until ON next_free (specialty, known_until);
        CREATE INDEX ix_next_free_ahead_stale_at ON next_free (ahead_stale_at);
        CREATE TABLE free_ahead (
            service_id uuid NOT NULL
                CONSTRAINT fk_free_ahead_service_id REFERENCES next_free (service_id) ON DELETE CASCADE,
            starts timestamptz NOT NULL,
            specialty text NOT NULL,
            mode text NOT NULL,
            price_currency text NOT NULL,
            price_amount integer NOT NULL,
            CONSTRAINT pk_free_ahead PRIMARY KEY (service_id, starts)
        );
        CREATE INDEX ix_free_ahead_starts ON free_ahead (specialty, starts, price_currency, price_amount, service_id)
            INCLUDE (mode);
        CREATE OR REPLACE FUNCTION next_free_unknown(wanted uuid) RETURNS SETOF next_free LANGUAGE sql STABLE AS $$
            SELECT id, specialty, mode, price_currency, price_amount, '-infinity'::timestamptz,
                '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz
            FROM service WHERE active AND (wanted IS NULL OR id = wanted)
        $$;
    """)
