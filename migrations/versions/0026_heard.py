"""The place in the stream up to which all that people said to the bot is known to be in the inbox."""

from alembic import op

revision = "0026_heard"
down_revision = "0025_files"


def upgrade() -> None:
    op.execute("ALTER TABLE matrix_olm_account ADD COLUMN heard_token text")
