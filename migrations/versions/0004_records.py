"""Keys, records, audit."""

revision = "0004_records"
down_revision = "0003_appointments"


def upgrade() -> None:
    pass
