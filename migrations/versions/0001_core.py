"""Inbox and outbox."""

from alembic import op

revision = "0001_core"
down_revision = None


def upgrade() -> None:
    for name in ("inbox", "outbox"):
        op.execute(f"""
            CREATE TABLE {name} (
                id uuid NOT NULL CONSTRAINT pk_{name} PRIMARY KEY,
                seq bigint GENERATED ALWAYS AS IDENTITY,
                lane text NOT NULL,
                kind text NOT NULL,
                payload bytea NOT NULL,
                created_at timestamptz NOT NULL,
                due_at timestamptz NOT NULL,
                state text NOT NULL DEFAULT 'waiting',
                waits_for text,
                attempts integer NOT NULL DEFAULT 0,
                error text,
                result text,
                done_at timestamptz
            );
            CREATE INDEX ix_{name}_waiting ON {name} (lane, seq) WHERE state = 'waiting';
            CREATE INDEX ix_{name}_blocked ON {name} (waits_for) WHERE state = 'blocked';
            CREATE INDEX ix_{name}_done ON {name} (done_at) WHERE state = 'done';
        """)
