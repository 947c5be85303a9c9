"""People, centres, practitioners, services."""

revision = "0002_people"
down_revision = "0001_core"


def upgrade() -> None:
    pass
