"""One batch of subjects' keys: wrapped by another provider, exchanged for new ones, or removed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    bindparam,
    distinct,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import distinct_on

from core.database import Tx
from records.keys.model import subject_key
from records.keys.provider import Name, Wrapped
from records.keys.store import lock_subjects
from records.sealing import Vault

_KEY = subject_key.c
_REWRAPPED = text("""
    UPDATE keys.subject_key AS k SET wrapped = v.new, wrapped_by = v.wrapped_by
    FROM unnest(:subjects, :numbers, :old, :new, :by) AS v (subject, number, old, new, wrapped_by)
    WHERE k.subject = v.subject AND k.number = v.number AND k.wrapped = v.old
""").bindparams(
    bindparam("subjects", type_=ARRAY(Uuid())),
    bindparam("numbers", type_=ARRAY(Integer())),
    bindparam("old", type_=ARRAY(LargeBinary())),
    bindparam("new", type_=ARRAY(LargeBinary())),
    bindparam("by", type_=ARRAY(Text())),
)


@dataclass(frozen=True, slots=True)
class Batch:
    count: int
    after: str | None
    """Where to go on; None when there was nothing more."""


async def count_outdated(tx: Tx, vault: Vault) -> int:
    """How many keys another provider wrapped, or an older version of this one's. Raises ProviderAwayError."""
    query = select(func.count()).select_from(subject_key).where(*await _outdated(vault))
    async with vault.keys.connection(tx) as conn:
        return int((await conn.execute(query)).scalar_one())


async def count_living(tx: Tx, vault: Vault, subjects: Sequence[UUID] | None) -> int:
    """How many subjects have a key."""
    query = select(func.count(distinct(_KEY.subject))).where(_KEY.wrapped.is_not(None))
    async with vault.keys.connection(tx) as conn:
        return int((await conn.execute(_of(query, subjects))).scalar_one())


async def rewrap(tx: Tx, vault: Vault, after: str | None, limit: int) -> Batch:
    """Wrap keys by the provider of now, those that come next. Raises SealBrokenError, ProviderAwayError."""
    query = (
        select(_KEY.subject, _KEY.number, _KEY.key_id, _KEY.wrapped, _KEY.wrapped_by)
        .where(*await _outdated(vault))
        .order_by(_KEY.subject, _KEY.number)
    )
    come_next = query.limit(limit)
    if after is not None:
        subject, number = json.loads(after)
        last = tuple_(literal(UUID(subject), Uuid), literal(number))
        come_next = come_next.where(tuple_(_KEY.subject, _KEY.number) > last)
    async with vault.keys.connection(tx) as conn:
        found = (await conn.execute(come_next)).all()
    if not found:
        return Batch(0, None)
    subjects = {row.subject for row in found}
    await lock_subjects(tx, [*subjects])
    async with vault.keys.connection(tx) as conn:
        rows = (await conn.execute(query.where(_KEY.subject.in_(subjects)).with_for_update())).all()
        wrapped = await vault.keys.ring.rewrap(
            [(Name(row.subject, row.key_id), Wrapped(row.wrapped, row.wrapped_by)) for row in rows]
        )
        await conn.execute(
            _REWRAPPED,
            {
                "subjects": [row.subject for row in rows],
                "numbers": [row.number for row in rows],
                "old": [row.wrapped for row in rows],
                "new": [each.secret for each in wrapped],
                "by": [each.by for each in wrapped],
            },
        )
    vault.keys.unremember(tx, subjects)
    return Batch(len(rows), json.dumps([str(found[-1].subject), found[-1].number]))


async def renew(
    tx: Tx, vault: Vault, after: str | None, subjects: Sequence[UUID] | None, since: datetime, limit: int
) -> Batch:
    """Give a new key to those subjects that come next and whose key is from before `since`."""
    found = await _next_subjects(tx, vault, after, subjects, limit)
    if not found:
        return Batch(0, None)
    await lock_subjects(tx, found)
    newest = (
        select(_KEY.subject, _KEY.number, _KEY.wrapped, _KEY.created_at)
        .ext(distinct_on(_KEY.subject))
        .where(_KEY.subject.in_(found))
        .order_by(_KEY.subject, _KEY.number.desc())
    )
    async with vault.keys.connection(tx) as conn:
        rows = (await conn.execute(newest)).all()
    # Decided, and the key not destroyed yet, or back from a backup: a new one would seal for who was erased.
    erased = await vault.keys.erased_through(tx, found)
    wanted = [
        (row.subject, row.number + 1)
        for row in rows
        if row.wrapped is not None and row.created_at < since and row.number > erased.get(row.subject, 0)
    ]
    if wanted:
        await vault.keys.add(tx, wanted)
    return Batch(len(found), json.dumps(str(found[-1])))


async def retire(tx: Tx, vault: Vault, after: str | None, subjects: Sequence[UUID] | None, limit: int) -> Batch:
    """Remove the keys that a newer one replaced, of the subjects that come next."""
    found = await _next_subjects(tx, vault, after, subjects, limit)
    if not found:
        return Batch(0, None)
    await lock_subjects(tx, found)
    removed = await vault.keys.retire(tx, found)
    return Batch(removed, json.dumps(str(found[-1])))


async def _next_subjects(
    tx: Tx, vault: Vault, after: str | None, subjects: Sequence[UUID] | None, limit: int
) -> list[UUID]:
    query = select(_KEY.subject).distinct().where(_KEY.wrapped.is_not(None)).order_by(_KEY.subject).limit(limit)
    if after is not None:
        query = query.where(_KEY.subject > UUID(json.loads(after)))
    async with vault.keys.connection(tx) as conn:
        return [row[0] for row in await conn.execute(_of(query, subjects))]


def _of(query: Select[Any], subjects: Sequence[UUID] | None) -> Select[Any]:
    return query if subjects is None else query.where(_KEY.subject.in_(subjects))


async def _outdated(vault: Vault) -> list[Any]:
    return [_KEY.wrapped.is_not(None), _KEY.wrapped_by != await vault.keys.ring.current.current()]
