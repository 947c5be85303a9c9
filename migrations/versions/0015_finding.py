"""Finding: names by their trigrams, and from when on each service can be free."""

import re
import unicodedata

from alembic import op
from sqlalchemy import text

revision = "0015_finding"
down_revision = "0014_quiet_hours"


def upgrade() -> None:
    for table in ("practitioner", "centre"):
        op.execute(f"ALTER TABLE {table} ADD trigrams text[] NOT NULL DEFAULT '{{}}'")
        _fill(table)
        op.execute(f"ALTER TABLE {table} ALTER trigrams DROP DEFAULT")
        op.execute(f"CREATE INDEX ix_{table}_trigrams ON {table} USING gin (trigrams)")
    op.execute(_TABLES)
    op.execute(_SERVICE)
    op.execute(_FREED)
    op.execute("INSERT INTO next_free SELECT * FROM next_free_unknown(NULL)")


def _fill(table: str) -> None:
    connection = op.get_bind()
    for row in connection.execute(text(f"SELECT id, name FROM {table}")).all():  # noqa: S608  (one of two names)
        connection.execute(
            text(f"UPDATE {table} SET trigrams = :trigrams WHERE id = :id"),  # noqa: S608
            {"id": row.id, "trigrams": _trigrams(row.name)},
        )


def _trigrams(name: str) -> list[str]:
    """As booking.directory.names makes them today."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    titles = {"dr", "prof", "doctor", "doktor", "dra", "drs", "med", "the"}
    words = [word for word in re.sub(r"[^\w\s]", " ", letters).split() if word not in titles]
    return sorted({f" {word} "[n : n + 3] for word in words for n in range(len(word))})


# `soonest`: no start before it is free, and none will be unless the service is in `freed`. The columns of the service
# are there for the index: it has the services of a specialty in the order in which a search takes them.
_TABLES = """
    CREATE TABLE next_free (
        service_id uuid NOT NULL CONSTRAINT pk_next_free PRIMARY KEY
            CONSTRAINT fk_next_free_service_id REFERENCES service ON DELETE CASCADE,
        specialty text NOT NULL,
        mode text NOT NULL,
        price_currency text NOT NULL,
        price_amount integer NOT NULL,
        soonest timestamptz NOT NULL,
        stale_at timestamptz NOT NULL
    );
    CREATE INDEX ix_next_free_soonest ON next_free (specialty, soonest, price_currency, price_amount, service_id)
        INCLUDE (mode);
    CREATE INDEX ix_next_free_price ON next_free (specialty, price_currency, price_amount, service_id) INCLUDE (mode);
    CREATE INDEX ix_next_free_stale_at ON next_free (stale_at);
    CREATE TABLE freed (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_freed PRIMARY KEY,
        service_id uuid NOT NULL
    );
    CREATE INDEX ix_freed_service_id ON freed (service_id);
"""

# A service that is made or edited begins anew; one that is offered no more is not looked at.
_SERVICE = """
    CREATE FUNCTION next_free_unknown(wanted uuid) RETURNS SETOF next_free LANGUAGE sql STABLE AS $$
        SELECT id, specialty, mode, price_currency, price_amount, '-infinity'::timestamptz, '-infinity'::timestamptz
        FROM service WHERE active AND (wanted IS NULL OR id = wanted)
    $$;
    CREATE FUNCTION next_free_follows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM next_free WHERE service_id = NEW.id;
            INSERT INTO next_free SELECT * FROM next_free_unknown(NEW.id);
            INSERT INTO freed (service_id) VALUES (NEW.id);
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER next_free_follows AFTER INSERT OR UPDATE ON service
        FOR EACH ROW EXECUTE FUNCTION next_free_follows();
"""

# Whatever can free a time only adds rows: it waits for nobody, and nobody waits for it. Taking a time frees none, and a
# hold counts as free when `soonest` is computed, so that booking, holding and the end of a hold do nothing here.
_FREED = """
    CREATE FUNCTION free_again() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            it jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
            resources uuid[];
        BEGIN
            IF TG_TABLE_NAME = 'occupancy' THEN
                -- Who gives back a seat of a session gives it back to the session's practitioner.
                resources := OLD.resource_id
                    || ARRAY(SELECT resource_id FROM occupancy WHERE appointment_id = OLD.resource_id);
            ELSIF TG_TABLE_NAME = 'resource' THEN
                resources := ARRAY[OLD.id];
            END IF;
            INSERT INTO freed (service_id)
            SELECT id FROM service
            WHERE practitioner_id = ANY (resources || (it ->> 'practitioner_id')::uuid)
               OR id = (it ->> 'service_id')::uuid
            UNION
            SELECT service_id FROM service_resource WHERE resource_id = ANY (resources)
            UNION
            SELECT id FROM service WHERE TG_TABLE_NAME = 'centre' AND centre_id = (it ->> 'id')::uuid;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER free_again_removed AFTER DELETE ON occupancy
        FOR EACH ROW WHEN (OLD.expires_at IS NULL) EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again_expires AFTER UPDATE ON occupancy
        FOR EACH ROW WHEN (OLD.expires_at IS NULL AND NEW.expires_at IS NOT NULL) EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER INSERT OR UPDATE OR DELETE ON weekly_hours
        FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER INSERT OR UPDATE OR DELETE ON date_hours
        FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER UPDATE OR DELETE ON time_off FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER UPDATE OR DELETE ON service_resource FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER UPDATE ON resource FOR EACH ROW EXECUTE FUNCTION free_again();
    CREATE TRIGGER free_again AFTER UPDATE OF timezone, country, region, closed_on_holidays ON centre
        FOR EACH ROW EXECUTE FUNCTION free_again();
"""
