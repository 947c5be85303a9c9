"""Dialogues."""

from alembic import op

revision = "0008_conversation"
down_revision = "0007_matrix"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE dialogue (
            person_id uuid NOT NULL CONSTRAINT fk_dialogue_person_id REFERENCES person (id),
            room_id text NOT NULL,
            version bigint NOT NULL,
            sealed bytea NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT pk_dialogue PRIMARY KEY (person_id, room_id)
        );
    """)
