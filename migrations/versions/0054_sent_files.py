"""Which files on our homeserver a person and the bot sent each other, so that they go with the person."""

from alembic import op

revision = "0054_sent_files"
down_revision = "0053_rotation_in_the_chat"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE matrix_sent_file (
            media_id text NOT NULL CONSTRAINT pk_matrix_sent_file PRIMARY KEY,
            person_id uuid NOT NULL,
            sent_at timestamptz NOT NULL
        );
        CREATE INDEX ix_matrix_sent_file_person_id ON matrix_sent_file (person_id);
    """)
