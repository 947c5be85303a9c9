"""Keys, prescriptions, audit."""

revision = "0005_records"
down_revision = "0004_appointments"


def upgrade() -> None:
    pass
