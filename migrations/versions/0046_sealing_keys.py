"""A transaction can ask with its commit whether the keys that it sealed with still seal."""

from alembic import op

revision = "0046_sealing_keys"
down_revision = "0045_closings"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION require_sealing_key(whose uuid, used integer) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                IF used IS DISTINCT FROM (
                    SELECT CASE WHEN k.wrapped IS NOT NULL THEN k.number END
                    FROM keys.subject_key k WHERE k.subject = whose ORDER BY k.number DESC LIMIT 1
                ) THEN
                    RAISE EXCEPTION 'a key that this transaction sealed with was exchanged or destroyed meanwhile'
                        USING ERRCODE = 'serialization_failure';
                END IF;
            END $$;
    """)
