"""Signatures of prescriptions as JWS. Those from before stay as they are: over the content alone."""

from alembic import op

revision = "0041_jws"
down_revision = "0040_lookup"


def upgrade() -> None:
    op.execute("ALTER TABLE prescription_version ADD signature_header text")
