"""Weekly hours, time off, occupancy."""

revision = "0003_schedules"
down_revision = "0002_people"


def upgrade() -> None:
    pass
