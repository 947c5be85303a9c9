"""Tables of keys. `keys.subject_key` has a schema of its own, so that it can be dumped apart from what it opens
(`pg_dump --exclude-schema=keys`), and can lie in another database (`records.keys_url`): a dump that holds both would
give an erased patient back.
"""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata

subject_key = Table(
    "subject_key",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key_id", Uuid, nullable=False),
    Column("wrapped", LargeBinary),
    Column("wrapped_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("destroyed_at", Moment),
    schema="keys",
)
"""The key with the highest number seals; those before it open what is not rotated yet. A destroyed key leaves its row
without the key, so that none is made in its place.
"""
Index("ix_subject_key_wrapped_by", subject_key.c.wrapped_by, postgresql_where=subject_key.c.wrapped.is_not(None))

erasure = Table(
    "erasure",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("through", Integer, primary_key=True, autoincrement=False),
    Column("asked_by", Uuid),
    Column("asked_at", Moment, nullable=False),
    Column("backup_days", Integer, nullable=False),
    Column("destroyed_at", Moment),
)
"""The decisions to erase: of a subject's keys those with numbers up to `through`. From the commit on nothing opens with
them; `destroyed_at` is when they were gone. `backup_days`: for how long backups of keys were kept then.
"""
Index("ix_erasure_open", erasure.c.asked_at, postgresql_where=erasure.c.destroyed_at.is_(None))
