"""Several bots share the work: which lanes are whose, and whose staff room each centre's is."""

from alembic import op

revision = "0037_shards"
down_revision = "0036_export"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE lane_shard (
            lane text NOT NULL CONSTRAINT pk_lane_shard PRIMARY KEY,
            shard integer NOT NULL
        );
        CREATE TABLE centre_shard (
            centre_id uuid NOT NULL CONSTRAINT pk_centre_shard PRIMARY KEY,
            shard integer NOT NULL
        );
        ALTER TABLE inbox ADD COLUMN shard integer NOT NULL DEFAULT 0;
        ALTER TABLE outbox ADD COLUMN shard integer NOT NULL DEFAULT 0;
    """)
