"""Feeds with choices, and how often what they show has changed."""

from alembic import op

revision = "0034_feeds"
down_revision = "0033_caldav"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE calendar_feed
            ADD members uuid[] NOT NULL DEFAULT '{}',
            ADD tells text[] NOT NULL DEFAULT '{}',
            ADD language text NOT NULL DEFAULT 'en',
            ADD timezone text NOT NULL DEFAULT 'UTC',
            ADD days_back smallint NOT NULL DEFAULT 60,
            ADD days_ahead smallint NOT NULL DEFAULT 730,
            ADD alarms smallint[] NOT NULL DEFAULT '{}',
            ADD expires_at timestamptz,
            ADD last_used_by text,
            ADD CONSTRAINT ck_calendar_feed_range
                CHECK (days_back BETWEEN 0 AND 400 AND days_ahead BETWEEN 1 AND 800);
        -- What those that there are have shown until now.
        UPDATE calendar_feed SET kind = 'family' WHERE kind = 'patient';
        UPDATE calendar_feed SET tells = '{doctors}' WHERE kind <> 'practitioner';
        ALTER TABLE calendar_feed
            ALTER members DROP DEFAULT, ALTER tells DROP DEFAULT, ALTER language DROP DEFAULT,
            ALTER timezone DROP DEFAULT, ALTER days_back DROP DEFAULT, ALTER days_ahead DROP DEFAULT,
            ALTER alarms DROP DEFAULT;

        -- The start that a visit had when its series was made: what an exception of a series is an exception to.
        ALTER TABLE appointment ADD series_slot timestamptz;
        UPDATE appointment SET series_slot = lower(during) WHERE series_id IS NOT NULL;

        CREATE TABLE calendar_version (
            subject_id uuid NOT NULL CONSTRAINT pk_calendar_version PRIMARY KEY,
            version bigint NOT NULL
        );
        CREATE TABLE calendar_change (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_calendar_change PRIMARY KEY,
            subject_id uuid NOT NULL
        );
        CREATE INDEX ix_calendar_change_subject_id ON calendar_change (subject_id);
    """)
    op.execute(_VISITS)
    op.execute(_RIGHTS)
    op.execute(_DIRECTORY)
    op.execute(_HOURS)


# Holds stand in no feed, so that holding a time costs nothing here.
_VISITS = """
    CREATE FUNCTION calendar_visit_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO calendar_change (subject_id)
            VALUES (NEW.centre_id), (NEW.practitioner_id), (NEW.patient_id);
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_visit_made AFTER INSERT ON appointment
        FOR EACH ROW WHEN (NEW.hold_until IS NULL) EXECUTE FUNCTION calendar_visit_changed();
    CREATE TRIGGER calendar_visit_changed AFTER UPDATE ON appointment
        FOR EACH ROW WHEN (
            (OLD.hold_until IS NULL OR NEW.hold_until IS NULL) AND (
                OLD.status <> NEW.status OR OLD.during <> NEW.during OR OLD.sequence <> NEW.sequence
                OR OLD.series_id IS DISTINCT FROM NEW.series_id
            )
        )
        EXECUTE FUNCTION calendar_visit_changed();
"""

# Who may read what: the feeds of a person are looked at anew when anything of that changes.
_RIGHTS = """
    CREATE FUNCTION calendar_rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            it jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
            other jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
        BEGIN
            INSERT INTO calendar_change (subject_id)
            SELECT DISTINCT id FROM unnest(ARRAY[
                (it ->> TG_ARGV[0])::uuid, (other ->> TG_ARGV[0])::uuid
            ]) AS id WHERE id IS NOT NULL;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_feed_changed AFTER INSERT OR UPDATE OF
        members, secret_hash, tells, language, timezone, days_back, days_ahead, alarms, expires_at, revoked_at
        ON calendar_feed FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('owner');
    CREATE TRIGGER calendar_rights_changed AFTER INSERT OR UPDATE OR DELETE ON centre_admin
        FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('person_id');
    CREATE TRIGGER calendar_rights_changed AFTER INSERT OR UPDATE OR DELETE ON guardian
        FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('person_id');
    CREATE TRIGGER calendar_rights_changed AFTER UPDATE OF person_id ON practitioner
        FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('person_id');
    CREATE TRIGGER calendar_name_changed AFTER UPDATE OF name ON patient
        FOR EACH ROW EXECUTE FUNCTION calendar_rights_changed('id');
"""

# Names and places stand in many feeds, and change seldom: all are written anew, and who has the same still has it.
_DIRECTORY = """
    CREATE FUNCTION calendar_directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO calendar_change (subject_id) VALUES ('00000000-0000-0000-0000-000000000000');
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_directory_changed AFTER UPDATE OF name, street, city, timezone ON centre
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
    CREATE TRIGGER calendar_directory_changed AFTER UPDATE OF name ON practitioner
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
    CREATE TRIGGER calendar_directory_changed AFTER UPDATE OF name, mode ON service
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
    CREATE TRIGGER calendar_directory_changed AFTER UPDATE OF name ON resource
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
    CREATE TRIGGER calendar_directory_changed AFTER INSERT OR DELETE ON service_resource
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
"""

# When somebody can be booked: of the practitioner, and of the centres where they are.
_HOURS = """
    CREATE FUNCTION calendar_hours_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            it jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
            doctor uuid := (it ->> 'practitioner_id')::uuid;
        BEGIN
            INSERT INTO calendar_change (subject_id)
            SELECT doctor UNION SELECT centre_id FROM practitioner_role WHERE practitioner_id = doctor;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_hours_changed AFTER INSERT OR UPDATE OR DELETE ON weekly_hours
        FOR EACH ROW EXECUTE FUNCTION calendar_hours_changed();
    CREATE TRIGGER calendar_hours_changed AFTER INSERT OR UPDATE OR DELETE ON date_hours
        FOR EACH ROW EXECUTE FUNCTION calendar_hours_changed();
    CREATE TRIGGER calendar_hours_changed AFTER INSERT OR UPDATE OR DELETE ON time_off
        FOR EACH ROW EXECUTE FUNCTION calendar_hours_changed();
    CREATE TRIGGER calendar_hours_changed AFTER UPDATE OF known_until ON calendar_source
        FOR EACH ROW EXECUTE FUNCTION calendar_hours_changed();
    CREATE FUNCTION calendar_busy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO calendar_change (subject_id)
            SELECT practitioner_id FROM changed
            UNION
            SELECT centre_id FROM practitioner_role
            WHERE practitioner_id IN (SELECT practitioner_id FROM changed);
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER calendar_busy_added AFTER INSERT ON calendar_busy
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION calendar_busy_changed();
    CREATE TRIGGER calendar_busy_removed AFTER DELETE ON calendar_busy
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION calendar_busy_changed();
    CREATE TRIGGER calendar_role_changed AFTER INSERT OR UPDATE OR DELETE ON practitioner_role
        FOR EACH ROW EXECUTE FUNCTION calendar_hours_changed();
    CREATE TRIGGER calendar_holidays_changed AFTER UPDATE OF country, region, closed_on_holidays ON centre
        FOR EACH STATEMENT EXECUTE FUNCTION calendar_directory_changed();
"""
