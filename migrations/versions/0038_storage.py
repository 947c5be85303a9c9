"""What is sealed is stored as it is: ciphertext cannot be compressed, and its first bytes can be read alone then."""

from alembic import op

revision = "0038_storage"
down_revision = "0037_shards"

_SEALED = (
    "prescription_version",
    "document_version",
    "pharmacy_dispense",
    "allergy_list",
    "favourite_list",
    "dialogue",
    "file",
    "file_piece",
)


def upgrade() -> None:
    for table in _SEALED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN sealed SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE outbox ALTER COLUMN payload SET STORAGE EXTERNAL")
