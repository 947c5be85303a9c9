"""Appointments, occupancy, payments, reminders."""

revision = "0003_appointments"
down_revision = "0002_people"


def upgrade() -> None:
    pass
