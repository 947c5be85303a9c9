"""Keys in a database of their own (`records.keys_url`): its one table made, and keys moved there from the main one."""

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_leave

from core.database import Database
from records.keys.model import subject_key

_BATCH = 1000
_TABLE = """
    CREATE SCHEMA IF NOT EXISTS keys;
    CREATE TABLE IF NOT EXISTS keys.subject_key (
        subject uuid NOT NULL,
        number integer NOT NULL,
        key_id uuid NOT NULL,
        wrapped bytea,
        wrapped_by text NOT NULL,
        created_at timestamptz NOT NULL,
        destroyed_at timestamptz,
        CONSTRAINT pk_subject_key PRIMARY KEY (subject, number),
        CONSTRAINT ck_subject_key_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
    );
    CREATE INDEX IF NOT EXISTS ix_subject_key_wrapped_by ON keys.subject_key (wrapped_by) WHERE wrapped IS NOT NULL;
"""


async def prepare(url: str) -> None:
    """Make the table in the keys' own database, unless it is there."""
    database = Database(url, pool=4)
    try:
        async with database.transaction() as tx:
            await tx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('keys', 0))"))
            for statement in _TABLE.split(";"):
                if statement.strip():
                    await tx.conn.execute(text(statement))
    finally:
        await database.close()


async def move(main_url: str, keys_url: str) -> int:
    """Move the keys from the main database to their own. The service is stopped meanwhile. Returns how many were moved.

    Each batch is there before it is gone here: killed anywhere, it goes on when it is called again. Backups of the main
    database from before still hold the keys until they expire.
    """
    await prepare(keys_url)
    main, apart = Database(main_url, pool=4), Database(keys_url, pool=4)
    moved = 0
    try:
        while True:
            async with main.transaction() as tx:
                rows = (await tx.conn.execute(select(subject_key).limit(_BATCH).with_for_update())).mappings().all()
                if not rows:
                    return moved
                async with apart.transaction() as there:
                    values = [dict(row) for row in rows]
                    await there.conn.execute(insert_or_leave(subject_key).on_conflict_do_nothing(), values)
                for row in rows:
                    await tx.conn.execute(
                        subject_key.delete().where(
                            subject_key.c.subject == row["subject"], subject_key.c.number == row["number"]
                        )
                    )
            moved += len(rows)
    finally:
        await main.close()
        await apart.close()


async def left_behind(database: Database) -> int:
    """How many keys are still in the main database, though they have one of their own: they would not be found."""
    async with database.transaction() as tx:
        found = await tx.conn.execute(text("SELECT count(*) FROM keys.subject_key"))
        return int(found.scalar_one())
