"""Which rooms are to be looked at for what was missed there: known only to the process that led."""

from alembic import op

revision = "0065_missed"
down_revision = "0064_failed"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE matrix_missed (
            user_id text NOT NULL,
            room_id text NOT NULL,
            since text NOT NULL,
            until text NOT NULL,
            due_at timestamptz NOT NULL,
            tries integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_matrix_missed PRIMARY KEY (user_id, room_id)
        );
    """)
