"""Dates on which a centre is closed hold for who begins to work there later, too."""

from alembic import op

revision = "0045_closings"
down_revision = "0044_handover"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE centre_closing (
            centre_id uuid NOT NULL CONSTRAINT fk_centre_closing_centre_id REFERENCES centre,
            day date NOT NULL,
            CONSTRAINT pk_centre_closing PRIMARY KEY (centre_id, day)
        )
    """)
    # Whoever closes a centre locks its row (booking.schedules.changes); a role waits for that where its foreign key is
    # checked, which is before this. So none is added between the two.
    op.execute("""
        CREATE FUNCTION centre_closed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO date_hours (practitioner_id, centre_id, day, hours)
                SELECT NEW.practitioner_id, NEW.centre_id, day, '{}' FROM centre_closing
                WHERE centre_id = NEW.centre_id
                ON CONFLICT DO NOTHING;
                RETURN NULL;
            END
        $$;
        CREATE TRIGGER centre_closed AFTER INSERT ON practitioner_role
            FOR EACH ROW EXECUTE FUNCTION centre_closed();
    """)
