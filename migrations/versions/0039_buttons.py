"""How a person is shown what they can answer."""

from alembic import op

revision = "0039_buttons"
down_revision = "0038_storage"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE person ADD buttons text NOT NULL DEFAULT 'numbers'
            CONSTRAINT ck_person_buttons CHECK (buttons IN ('numbers', 'polls', 'none'));
    """)
