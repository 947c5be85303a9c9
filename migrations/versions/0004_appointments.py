"""Appointments, payments, ledger."""

revision = "0004_appointments"
down_revision = "0003_schedules"


def upgrade() -> None:
    pass
