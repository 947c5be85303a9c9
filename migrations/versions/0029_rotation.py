"""Rotations of keys, and what is only added to let its seals be renewed."""

from alembic import op

revision = "0029_rotation"
down_revision = "0028_documents"

_ONLY_ADDED_TO = {
    "prescription_version": "sealed",
    "document_version": "sealed",
    "pharmacy_dispense": "sealed",
    "emergency_access": "reason",
}


def upgrade() -> None:
    op.execute("""
        CREATE TABLE rotation (
            id uuid NOT NULL CONSTRAINT pk_rotation PRIMARY KEY,
            level text NOT NULL,
            subjects uuid[],
            started_at timestamptz NOT NULL,
            phase text NOT NULL,
            ready_at timestamptz,
            place text,
            after text,
            found bigint NOT NULL,
            quiet boolean NOT NULL,
            done bigint NOT NULL,
            total bigint NOT NULL,
            finished_at timestamptz
        );
        CREATE UNIQUE INDEX uq_rotation_open ON rotation ((finished_at IS NULL)) WHERE finished_at IS NULL;
    """)
    # Of a row that is only added to, the seal may be renewed, which does not change what it seals; nothing else.
    op.execute("""
        CREATE FUNCTION refuse_change_but_resealing() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('careconnect.resealing', true) = 'on'
                    AND to_jsonb(NEW) - TG_ARGV[0] = to_jsonb(OLD) - TG_ARGV[0] THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
            END $$;
    """)
    for table, column in _ONLY_ADDED_TO.items():
        op.execute(f"""
            DROP TRIGGER {table}_is_only_added_to ON {table};
            CREATE TRIGGER {table}_is_only_added_to BEFORE DELETE OR TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {table}_is_only_resealed BEFORE UPDATE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change_but_resealing('{column}');
        """)
