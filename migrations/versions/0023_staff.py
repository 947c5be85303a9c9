"""Staff rooms: where they are, who is in them, and what is told there."""

from alembic import op

revision = "0023_staff"
down_revision = "0022_access"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE centre
            ADD staff_notices text NOT NULL DEFAULT 'private'
                CONSTRAINT ck_centre_staff_notices CHECK (staff_notices IN ('private', 'room', 'both')),
            ADD question_hours smallint DEFAULT 4;
        ALTER TABLE centre ALTER staff_notices DROP DEFAULT, ALTER question_hours DROP DEFAULT;
        CREATE TABLE staff_room (
            centre_id uuid NOT NULL CONSTRAINT pk_staff_room PRIMARY KEY,
            room_id text NOT NULL CONSTRAINT uq_staff_room_room_id UNIQUE,
            opened_at timestamptz NOT NULL
        );
        CREATE TABLE staff_room_member (
            room_id text NOT NULL
                CONSTRAINT fk_staff_room_member_room_id REFERENCES staff_room (room_id) ON DELETE CASCADE,
            mxid text NOT NULL,
            CONSTRAINT pk_staff_room_member PRIMARY KEY (room_id, mxid)
        );
    """)
