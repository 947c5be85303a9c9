"""Notes and sick notes are signed. What was written before stays as it is."""

from alembic import op

revision = "0042_signed_documents"
down_revision = "0041_jws"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE document_version
            ADD signing_key_id uuid CONSTRAINT fk_document_version_signing_key_id REFERENCES signing_key (id),
            ADD signature bytea,
            ADD signature_header text;
        CREATE TRIGGER document_version_is_signed BEFORE INSERT ON document_version
            FOR EACH ROW WHEN (
                NEW.signing_key_id IS NULL OR octet_length(NEW.signature) IS DISTINCT FROM 64
                OR NEW.signature_header IS NULL
            )
            EXECUTE FUNCTION refuse_unsigned();
    """)
