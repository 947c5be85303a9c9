"""The audit as a Merkle tree: entries go into a queue, from there into the tree, and its heads are signed."""

from alembic import op

revision = "0030_audit_tree"
down_revision = "0029_rotation"


def upgrade() -> None:
    # The leaves stay in the order of the chain that they were in. Its heads were kept nowhere else and prove nothing.
    op.execute("""
        DROP TRIGGER audit_event_is_chained ON audit_event;
        DROP FUNCTION audit_chain();
        CREATE TABLE audit_leaf (
            leaf_index bigint NOT NULL CONSTRAINT pk_audit_leaf PRIMARY KEY,
            event_id uuid NOT NULL CONSTRAINT uq_audit_leaf_event_id UNIQUE,
            leaf bytea NOT NULL
        );
        INSERT INTO audit_leaf (leaf_index, event_id, leaf)
            SELECT l.position - 1, l.event_id, e.leaf FROM audit_link l JOIN audit_event e ON e.id = l.event_id
            ORDER BY l.position;
        DROP TABLE audit_link;
        DROP TABLE audit_head;
        CREATE TABLE audit_waiting (
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_waiting PRIMARY KEY,
            event_id uuid NOT NULL,
            leaf bytea NOT NULL
        );
        CREATE TABLE audit_node (
            level smallint NOT NULL,
            node_index bigint NOT NULL,
            hash bytea NOT NULL,
            CONSTRAINT pk_audit_node PRIMARY KEY (level, node_index)
        );
        CREATE TABLE audit_head (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_head PRIMARY KEY,
            size bigint NOT NULL,
            root bytea NOT NULL,
            signed_at timestamptz NOT NULL,
            signed text NOT NULL
        );
    """)
    # For each statement, not for each row: what is noted in one batch is queued in one.
    op.execute("""
        CREATE FUNCTION audit_queue() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO audit_waiting (event_id, leaf) SELECT id, leaf FROM noted;
                RETURN NULL;
            END $$;
        CREATE TRIGGER audit_event_is_queued AFTER INSERT ON audit_event
            REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION audit_queue();
        CREATE TRIGGER audit_leaf_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_node_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_head_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER audit_waiting_is_only_placed BEFORE UPDATE OR TRUNCATE ON audit_waiting
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
