"""Rotations can be asked for in the chat, and paused; each replica says which master key it wraps with."""

from alembic import op

revision = "0053_rotation_in_the_chat"
down_revision = "0052_claims"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE rotation ADD asked_by uuid, ADD target text, ADD paused_at timestamptz, ADD fault text;
        CREATE TABLE replica (
            id uuid NOT NULL CONSTRAINT pk_replica PRIMARY KEY,
            wraps_with text,
            seen_at timestamptz NOT NULL
        );
    """)
