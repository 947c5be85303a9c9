"""The life of consultation rooms: when each is opened, closed and erased; who was brought in; who is staff."""

from alembic import op

revision = "0031_rooms"
down_revision = "0030_audit_tree"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE centre
            ADD room_opens_minutes integer DEFAULT 1440,
            ADD room_closes_days smallint NOT NULL DEFAULT 7,
            ADD room_kept_days smallint NOT NULL DEFAULT 182,
            ADD reply_hours smallint DEFAULT 24;
        ALTER TABLE centre
            ALTER room_opens_minutes DROP DEFAULT,
            ALTER room_closes_days DROP DEFAULT,
            ALTER room_kept_days DROP DEFAULT,
            ALTER reply_hours DROP DEFAULT;
        CREATE TABLE consultation (
            appointment_id uuid NOT NULL CONSTRAINT pk_consultation PRIMARY KEY REFERENCES appointment,
            opening_at timestamptz NOT NULL,
            closing_at timestamptz,
            erasing_at timestamptz
        );
        CREATE INDEX ix_consultation_open ON consultation (appointment_id) WHERE closing_at IS NULL;
        CREATE INDEX ix_consultation_closed ON consultation (closing_at)
            WHERE closing_at IS NOT NULL AND erasing_at IS NULL;
        CREATE TABLE consultation_guest (
            appointment_id uuid NOT NULL REFERENCES appointment,
            person_id uuid NOT NULL REFERENCES person,
            role text NOT NULL,
            invited_by uuid NOT NULL REFERENCES person,
            invited_at timestamptz NOT NULL,
            CONSTRAINT pk_consultation_guest PRIMARY KEY (appointment_id, person_id)
        );
        CREATE INDEX ix_consultation_guest_person_id ON consultation_guest (person_id);
        ALTER TABLE consultation_room ADD erased_at timestamptz;
        CREATE TABLE matrix_listed_staff (mxid text NOT NULL CONSTRAINT pk_matrix_listed_staff PRIMARY KEY);
        -- Rooms that there are live by the same rules.
        INSERT INTO consultation (appointment_id, opening_at, closing_at)
            SELECT appointment_id, opened_at, closed_at FROM consultation_room;
    """)
