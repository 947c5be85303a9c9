"""Tables of rotations: what is rotated, and how far it has come; and which master key each replica wraps with."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Table, Text, Uuid

from core.tables import Moment, metadata

rotation = Table(
    "rotation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("level", Text, nullable=False),
    Column("subjects", ARRAY(Uuid)),
    Column("started_at", Moment, nullable=False),
    Column("phase", Text, nullable=False),
    Column("ready_at", Moment),
    Column("place", Text),
    Column("after", Text),
    Column("found", BigInteger, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("finished_at", Moment),
    Column("asked_by", Uuid),
    Column("target", Text),
    Column("paused_at", Moment),
    Column("fault", Text),
)
"""`subjects`: whose keys; null for everybody's. `ready_at`: since when the new keys seal. `place` and `after`: the
sealed column, or the keys, and the primary key up to which this pass has come; `found`: how many it had to change;
`quiet`: whether nothing that began before `ready_at` was under way when it began. `done` of `total` rows.
`asked_by`: the person who asked for it in the chat, so that the service drives it; null where a command of the machine
does. `target`: which master key it wraps with. `paused_at` and `fault` (a word of service.Fault) keep the service from
going on.
"""
_open = rotation.c.finished_at.is_(None)
Index("uq_rotation_open", _open, unique=True, postgresql_where=_open)

replica = Table(
    "replica",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wraps_with", Text),
    Column("seen_at", Moment, nullable=False),
)
"""One row for each process that runs. `wraps_with`: as in `keys.subject_key.wrapped_by`; null while that is not known.
See records.rotation.replicas.
"""
