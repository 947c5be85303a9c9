"""Since when a doctor has looked at a file: what nobody looks at for too long is told to the staff."""

from alembic import op

revision = "0057_looked_at"
down_revision = "0056_fewer_steps"


def upgrade() -> None:
    # What there is already is nobody's arrears.
    op.execute("""
        ALTER TABLE file ADD seen_at timestamptz;
        UPDATE file SET seen_at = filed_at WHERE filed_at IS NOT NULL;
        CREATE INDEX ix_file_filed_at ON file (filed_at)
            WHERE seen_at IS NULL AND filed_at IS NOT NULL AND appointment_id IS NOT NULL;
    """)
