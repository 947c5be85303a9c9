"""Keys, prescriptions, audit."""

from alembic import op

revision = "0005_records"
down_revision = "0004_appointments"


def upgrade() -> None:
    op.execute("""
        CREATE SCHEMA keys;
        CREATE TABLE keys.subject_key (
            subject uuid NOT NULL CONSTRAINT pk_subject_key PRIMARY KEY,
            key_id uuid NOT NULL,
            wrapped bytea,
            wrapped_by text NOT NULL,
            created_at timestamptz NOT NULL,
            destroyed_at timestamptz,
            CONSTRAINT ck_subject_key_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
        );
    """)
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME; END $$;
    """)
    _prescriptions()
    _audit()


def _prescriptions() -> None:
    op.execute("""
        CREATE TABLE prescription (
            id uuid NOT NULL CONSTRAINT pk_prescription PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_prescription_code UNIQUE,
            patient_id uuid NOT NULL,
            practitioner_id uuid NOT NULL,
            appointment_id uuid NOT NULL,
            centre_id uuid NOT NULL,
            created_at timestamptz NOT NULL,
            status text NOT NULL,
            version integer NOT NULL
        );
        CREATE INDEX ix_prescription_patient_id_created_at ON prescription (patient_id, created_at);
        CREATE TABLE prescription_version (
            prescription_id uuid NOT NULL
                CONSTRAINT fk_prescription_version_prescription_id REFERENCES prescription (id),
            version integer NOT NULL,
            status text NOT NULL,
            created_at timestamptz NOT NULL,
            sealed bytea NOT NULL,
            CONSTRAINT pk_prescription_version PRIMARY KEY (prescription_id, version)
        );
        CREATE TRIGGER prescription_version_is_only_added_to
            BEFORE UPDATE OR DELETE OR TRUNCATE ON prescription_version
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)


def _audit() -> None:
    op.execute("""
        CREATE TABLE audit_event (
            id uuid NOT NULL CONSTRAINT pk_audit_event PRIMARY KEY,
            at timestamptz NOT NULL,
            actor uuid,
            action text NOT NULL,
            subject uuid NOT NULL,
            table_name text NOT NULL,
            row_id uuid,
            why text NOT NULL,
            leaf bytea NOT NULL
        );
        CREATE INDEX ix_audit_event_subject_at ON audit_event (subject, at);
        CREATE TABLE audit_link (
            position bigint NOT NULL CONSTRAINT pk_audit_link PRIMARY KEY,
            event_id uuid NOT NULL CONSTRAINT fk_audit_link_event_id REFERENCES audit_event (id)
                CONSTRAINT uq_audit_link_event_id UNIQUE,
            head bytea NOT NULL
        );
        CREATE TABLE audit_head (
            id smallint NOT NULL CONSTRAINT pk_audit_head PRIMARY KEY,
            size bigint NOT NULL,
            head bytea NOT NULL
        );
        INSERT INTO audit_head (id, size, head) VALUES (1, 0, '');
    """)
    # Chained at commit: the one lock on the chain's end is taken last and held only while the commit is written,
    # however long the transaction was, and two transactions can never wait for each other here.
    op.execute("""
        CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE chain audit_head;
            BEGIN
                UPDATE audit_head SET size = size + 1, head = sha256('\\x01'::bytea || head || NEW.leaf)
                    WHERE id = 1 RETURNING * INTO STRICT chain;
                INSERT INTO audit_link (position, event_id, head) VALUES (chain.size, NEW.id, chain.head);
                RETURN NULL;
            END $$;
        CREATE CONSTRAINT TRIGGER audit_event_is_chained AFTER INSERT ON audit_event
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_chain();
        CREATE TRIGGER audit_event_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_link_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_head_only_moves_with_the_chain BEFORE UPDATE ON audit_head
            FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_head_is_one BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
