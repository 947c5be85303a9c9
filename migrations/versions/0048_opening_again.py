"""What a centre closed it can open again: closed days are told apart from those that a practitioner closed."""

from alembic import op

revision = "0048_opening_again"
down_revision = "0047_paid_together"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE date_hours
            ADD closing boolean NOT NULL DEFAULT false,
            ADD before int4multirange;
        UPDATE date_hours AS known SET closing = true FROM centre_closing AS closed
        WHERE known.centre_id = closed.centre_id AND known.day = closed.day AND known.hours = '{}';
        CREATE OR REPLACE FUNCTION centre_closed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO date_hours (practitioner_id, centre_id, day, hours, closing)
                SELECT NEW.practitioner_id, NEW.centre_id, day, '{}', true FROM centre_closing
                WHERE centre_id = NEW.centre_id
                ON CONFLICT DO NOTHING;
                RETURN NULL;
            END
        $$;
    """)
