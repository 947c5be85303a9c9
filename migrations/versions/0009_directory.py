"""What centres and services can be set to; rooms and devices."""

from alembic import op

revision = "0009_directory"
down_revision = "0008_conversation"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE centre
            ADD region text NOT NULL DEFAULT '',
            ADD closed_on_holidays boolean NOT NULL DEFAULT false,
            ADD accessible boolean NOT NULL DEFAULT false,
            ADD insurances text[] NOT NULL DEFAULT '{}',
            ADD reminder_minutes integer[],
            ADD daily_list_at smallint DEFAULT 420,
            ADD no_show_percent smallint NOT NULL DEFAULT 0,
            ADD no_show_limit smallint,
            ADD captures boolean NOT NULL DEFAULT false,
            ADD carries_fee boolean NOT NULL DEFAULT false,
            ADD offer_minutes smallint NOT NULL DEFAULT 30,
            ADD stripe_account text,
            ADD CONSTRAINT ck_centre_no_show CHECK (no_show_percent BETWEEN 0 AND 100);
        ALTER TABLE centre
            ALTER region DROP DEFAULT, ALTER closed_on_holidays DROP DEFAULT, ALTER accessible DROP DEFAULT,
            ALTER insurances DROP DEFAULT, ALTER daily_list_at DROP DEFAULT, ALTER no_show_percent DROP DEFAULT,
            ALTER captures DROP DEFAULT, ALTER carries_fee DROP DEFAULT, ALTER offer_minutes DROP DEFAULT;

        ALTER TABLE service
            ADD capacity smallint NOT NULL DEFAULT 1,
            ADD approval boolean NOT NULL DEFAULT false,
            ADD patients text NOT NULL DEFAULT 'all',
            ADD reasons text[] NOT NULL DEFAULT '{}',
            ADD CONSTRAINT ck_service_capacity CHECK (capacity BETWEEN 1 AND 100);
        ALTER TABLE service
            ALTER capacity DROP DEFAULT, ALTER approval DROP DEFAULT, ALTER patients DROP DEFAULT,
            ALTER reasons DROP DEFAULT;

        CREATE TABLE resource (
            id uuid NOT NULL CONSTRAINT pk_resource PRIMARY KEY,
            centre_id uuid NOT NULL CONSTRAINT fk_resource_centre_id REFERENCES centre,
            name text NOT NULL,
            seats smallint NOT NULL CONSTRAINT ck_resource_seats CHECK (seats BETWEEN 1 AND 100),
            active boolean NOT NULL,
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_resource_centre_id ON resource (centre_id);
        CREATE TABLE service_resource (
            service_id uuid NOT NULL CONSTRAINT fk_service_resource_service_id REFERENCES service,
            resource_id uuid NOT NULL CONSTRAINT fk_service_resource_resource_id REFERENCES resource,
            CONSTRAINT pk_service_resource PRIMARY KEY (service_id, resource_id)
        );
        CREATE INDEX ix_service_resource_resource_id ON service_resource (resource_id);
    """)
