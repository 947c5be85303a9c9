"""Keys that rotate, and an audit that proves itself."""

revision = "0020_sealing"
down_revision = "0019_engine"


def upgrade() -> None:
    """Nothing yet."""
