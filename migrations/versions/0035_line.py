"""When a patient was told to be next in line."""

from alembic import op

revision = "0035_line"
down_revision = "0034_feeds"


def upgrade() -> None:
    op.execute("ALTER TABLE consultation ADD next_told_at timestamptz")
