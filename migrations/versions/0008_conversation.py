"""Dialogues."""

revision = "0008_conversation"
down_revision = "0007_matrix"


def upgrade() -> None:
    pass
