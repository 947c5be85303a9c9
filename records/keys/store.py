"""The store of the subjects' keys: found, made, added to, destroyed. In the main database or in one of its own.

The table is asked each time, by primary key, once in a transaction: a destroyed key is gone for every replica with the
commit that destroyed it. In a database of its own a key is committed before what it seals is, and the decision to
destroy it, in the main database, before it is gone: the decision counts from its commit on (see records.erasure).

To seal, the key that sealed a moment ago is taken without asking (`sealing`), and whether it is still the one is asked
with the commit: nothing is committed that a destroyed or an exchanged key sealed. To open, the table is always asked.
"""

import os
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, Tx
from core.errors import UserError
from core.ids import new_id
from core.statements import Statement
from records.envelope import SealBrokenError, SubjectKey
from records.keys.model import erasure, subject_key
from records.keys.provider import Name, Wrapped
from records.keys.ring import Ring

_SIZE = 32
_TRUSTED = 10_000
_TRUSTED_SECONDS = 60.0
"""How many keys are taken for those that still seal, and for how long after they were read."""


class ErasedError(UserError):
    """The subject's key was destroyed: nothing sealed for them can be opened, or sealed, any more."""

    def __init__(self) -> None:
        super().__init__("These records were erased and can no longer be read.")


@dataclass(frozen=True, slots=True)
class Keys:
    """A subject's keys, unwrapped."""

    last: int
    """The highest number that was ever given; that key seals."""
    alive: Mapping[int, SubjectKey] = field(repr=False)
    destroyed: frozenset[int]

    @property
    def current(self) -> SubjectKey:
        """The key that seals. Raises ErasedError."""
        return self.numbered(self.last)

    def numbered(self, number: int) -> SubjectKey:
        """The key that opens. Raises ErasedError, and SealBrokenError when there is no such key."""
        key = self.alive.get(number)
        if key:
            return key
        raise ErasedError if number in self.destroyed else SealBrokenError


@dataclass(slots=True)
class _Kept:
    """What is kept in a transaction."""

    found: dict[UUID, Keys] = field(default_factory=dict)
    fresh: set[UUID] = field(default_factory=set)
    """Who got a key in it: that goes with a savepoint that is rolled back, and must not be remembered beyond it."""
    sealing: "_Sealing | None" = None
    """What it assumes."""


@dataclass(frozen=True, slots=True)
class _Sealing:
    """With which keys this transaction seals without having asked (core.database.Assumption)."""

    store: "KeyStore"
    numbers: dict[UUID, int] = field(default_factory=dict)
    prepared: str = "PREPARE sealing_key (uuid, integer) AS SELECT require_sealing_key($1, $2)"

    def statement(self) -> str:
        return "; ".join([f"EXECUTE sealing_key ('{subject}', {number})" for subject, number in self.numbers.items()])

    def failed(self) -> None:
        self.store.distrust(self.numbers)


_FIND = (
    select(
        subject_key.c.subject,
        subject_key.c.number,
        subject_key.c.key_id,
        subject_key.c.wrapped,
        subject_key.c.wrapped_by,
    )
    .where(subject_key.c.subject == func.any(bindparam("subjects", type_=ARRAY(Uuid()))))
    .order_by(subject_key.c.subject, subject_key.c.number)
)
_FIND_FAST = Statement(_FIND)
_ERASED = (
    select(erasure.c.subject, func.max(erasure.c.through).label("through"))
    .where(erasure.c.subject == func.any(bindparam("subjects", type_=ARRAY(Uuid()))))
    .group_by(erasure.c.subject)
)


class KeyStore:
    """Reads and writes `keys.subject_key`; wraps and unwraps with the ring."""

    def __init__(self, ring: Ring, *, url: str = "") -> None:
        self.ring = ring
        self._apart = Database(url, pool=8) if url else None
        self._trusted: OrderedDict[UUID, tuple[float, SubjectKey]] = OrderedDict()

    @property
    def apart(self) -> bool:
        """Whether the keys lie in a database of their own."""
        return self._apart is not None

    @asynccontextmanager
    async def connection(self, tx: Tx) -> AsyncIterator[AsyncConnection]:
        """A connection to where the keys lie: the transaction's own, or one that commits at the end of the block."""
        if self._apart is None:
            yield tx.conn
            return
        async with self._apart.engine.begin() as conn:
            yield conn

    async def sealing(self, tx: Tx, subject: UUID) -> SubjectKey:
        """The key that seals for a subject, made at first use.

        Raises ErasedError, SealBrokenError, ProviderAwayError. If it is not the one any more when the transaction ends,
        that fails with SQLSTATE 40001, and works when it is done again.
        """
        trusted = self.trusted(tx, subject)
        if trusted:
            return trusted
        keys = await self.find(tx, subject)
        if keys is None:
            return await self.make(tx, subject)
        key = keys.current
        if self._apart is None and subject not in self._kept(tx).fresh:
            self._trusted[subject] = time.monotonic() + _TRUSTED_SECONDS, key
            self._trusted.move_to_end(subject)
            self._forget_old()
        return key

    def trusted(self, tx: Tx, subject: UUID) -> SubjectKey | None:
        """The same without asking anybody; None where that has to be asked for (`sealing`)."""
        kept = self._kept(tx)
        if subject in kept.found or subject in kept.fresh:
            return None  # this transaction has asked, or made it
        until, key = self._trusted.get(subject, (0.0, None))
        if key is None or until <= time.monotonic():
            return None
        if kept.sealing is None:
            kept.sealing = _Sealing(self)
            tx.assumptions.append(kept.sealing)
        # Another key than before in this transaction: then the first is not the one any more, and the commit says so.
        kept.sealing.numbers.setdefault(subject, key.number)
        return key

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._trusted:
            until, _ = self._trusted[next(iter(self._trusted))]
            if until > now and len(self._trusted) <= _TRUSTED:
                return
            self._trusted.popitem(last=False)

    def distrust(self, subjects: Iterable[UUID]) -> None:
        """Have the store asked, in every transaction from now on, before anything is sealed for these subjects."""
        for subject in subjects:
            self._trusted.pop(subject, None)

    async def find(self, tx: Tx, subject: UUID) -> Keys | None:
        """The subject's keys; None while there are none. Raises SealBrokenError, ProviderAwayError."""
        return (await self.find_all(tx, [subject])).get(subject)

    async def find_all(self, tx: Tx, subjects: Iterable[UUID]) -> dict[UUID, Keys]:
        """The keys of many subjects with one look-up. Raises SealBrokenError, ProviderAwayError."""
        wanted, kept = set(subjects), self._kept(tx)
        asked = [each for each in wanted if each not in kept.found]
        found = await self._read(tx, asked) if asked else {}
        kept.found.update({subject: keys for subject, keys in found.items() if subject not in kept.fresh})
        return {each: keys for each in wanted if (keys := kept.found.get(each) or found.get(each))}

    async def _read(self, tx: Tx, subjects: Sequence[UUID]) -> dict[UUID, Keys]:
        through: dict[UUID, int] = {}
        rows: Sequence[Any]
        if self._apart is None:
            rows = await tx.run(_FIND_FAST, {"subjects": subjects})
        else:
            async with self._apart.engine.connect() as conn:
                rows = (await conn.execute(_FIND, {"subjects": subjects})).mappings().all()
            through = await self.erased_through(tx, subjects)
        alive = [row for row in rows if row["wrapped"] is not None and row["number"] > through.get(row["subject"], 0)]
        secrets = await self.ring.unwrap(
            [(Name(row["subject"], row["key_id"]), Wrapped(row["wrapped"], row["wrapped_by"])) for row in alive]
        )
        opened: defaultdict[UUID, dict[int, SubjectKey]] = defaultdict(dict)
        for row, secret in zip(alive, secrets, strict=True):
            opened[row["subject"]][row["number"]] = SubjectKey(row["key_id"], secret, row["number"])
        numbers: defaultdict[UUID, set[int]] = defaultdict(set)
        for row in rows:
            numbers[row["subject"]].add(row["number"])
        for subject, number in through.items():
            numbers[subject].add(number)
        return {
            subject: Keys(max(given), opened[subject], frozenset(given - opened[subject].keys()))
            for subject, given in numbers.items()
        }

    async def make(self, tx: Tx, subject: UUID) -> SubjectKey:
        """The subject's key, made now unless another transaction is first. Raises ErasedError, SealBrokenError."""
        await self.add(tx, [(subject, 1)])
        # Of two at once the second waits there for the first to commit, and then reads the first one's key.
        keys = await self.find(tx, subject)
        if keys is None:
            raise SealBrokenError
        return keys.current

    async def add(self, tx: Tx, wanted: Sequence[tuple[UUID, int]]) -> None:
        """Make keys with these numbers, but for those that there are. The highest of a subject seals from now on."""
        keys = [(subject, SubjectKey(new_id(), os.urandom(_SIZE), number)) for subject, number in wanted]
        wrapped = await self.ring.wrap([(Name(subject, key.id), key.secret) for subject, key in keys])
        async with self.connection(tx) as conn:
            await conn.execute(
                insert(subject_key)
                .values(
                    [
                        {
                            "subject": subject,
                            "number": key.number,
                            "key_id": key.id,
                            "wrapped": each.secret,
                            "wrapped_by": each.by,
                            "created_at": tx.now,
                        }
                        for (subject, key), each in zip(keys, wrapped, strict=True)
                    ]
                )
                .on_conflict_do_nothing()
            )
        self._kept(tx).fresh.update(subject for subject, _ in wanted)
        self.unremember(tx, [subject for subject, _ in wanted])

    async def erased_through(self, tx: Tx, subjects: Sequence[UUID]) -> dict[UUID, int]:
        """Of those who were erased: up to which number their keys are, be they destroyed yet or not."""
        erased = await tx.conn.execute(_ERASED, {"subjects": subjects})
        return {row.subject: row.through for row in erased}

    async def last_number(self, tx: Tx, subject: UUID) -> int:
        """The highest number given to a key of the subject; 0 for none."""
        async with self.connection(tx) as conn:
            highest = select(func.max(subject_key.c.number)).where(subject_key.c.subject == subject)
            return (await conn.execute(highest)).scalar_one() or 0

    async def destroy(self, tx: Tx, subject: UUID, through: int) -> None:
        """Destroy the subject's keys up to a number; none is made with such a number any more. Repeats."""
        gone = {"subject": subject, "number": through, "key_id": new_id(), "wrapped_by": ""}
        async with self.connection(tx) as conn:
            await conn.execute(
                insert(subject_key).values(**gone, created_at=tx.now, destroyed_at=tx.now).on_conflict_do_nothing()
            )
            await conn.execute(
                update(subject_key)
                .where(
                    subject_key.c.subject == subject,
                    subject_key.c.number <= through,
                    subject_key.c.destroyed_at.is_(None),
                )
                .values(wrapped=None, destroyed_at=tx.now)
            )
        self.unremember(tx, [subject])
        if sealing := self._kept(tx).sealing:
            sealing.numbers.pop(subject, None)  # what was sealed before in this transaction goes with the key

    async def living_among(self, tx: Tx, through: Mapping[UUID, int]) -> list[UUID]:
        """Which of these subjects have a key that is there and whose number is not above the one that is given."""
        if not through:
            return []
        async with self.connection(tx) as conn:
            found = await conn.execute(_LIVING, {"subjects": [*through], "through": [*through.values()]})
            return [row.subject for row in found]

    async def retire(self, tx: Tx, subjects: Sequence[UUID]) -> int:
        """Remove the keys of these subjects that a newer one replaced. Returns how many.

        The caller made sure that they open nothing more. Keys that were destroyed keep their rows.
        """
        newer = subject_key.alias()
        replaced = select(newer.c.number).where(
            newer.c.subject == subject_key.c.subject,
            newer.c.number > subject_key.c.number,
            newer.c.wrapped.is_not(None),
        )
        async with self.connection(tx) as conn:
            removed = await conn.execute(
                delete(subject_key).where(
                    subject_key.c.subject.in_(subjects), subject_key.c.wrapped.is_not(None), replaced.exists()
                )
            )
        self.unremember(tx, subjects)
        return removed.rowcount

    async def close(self) -> None:
        await self.ring.close()
        if self._apart:
            await self._apart.close()

    def _kept(self, tx: Tx) -> _Kept:
        kept: _Kept | None = tx.kept.get(self)
        if kept is None:
            kept = tx.kept[self] = _Kept()
        return kept

    def remembered(self, tx: Tx, subject: UUID) -> Keys | None:
        """What was found before within this transaction."""
        return self._kept(tx).found.get(subject)

    def unremember(self, tx: Tx, subjects: Collection[UUID]) -> None:
        """Have the store asked anew about these subjects."""
        for subject in subjects:
            self._kept(tx).found.pop(subject, None)
        self.distrust(subjects)


_LIVING = text("""
    SELECT DISTINCT k.subject
    FROM keys.subject_key k JOIN unnest(:subjects, :through) AS e (subject, through) ON e.subject = k.subject
    WHERE k.wrapped IS NOT NULL AND k.number <= e.through
""").bindparams(bindparam("subjects", type_=ARRAY(Uuid())), bindparam("through", type_=ARRAY(Integer())))

_LOCK = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('subject:' || subject, 0))
    FROM unnest(:subjects) AS subject ORDER BY subject
""").bindparams(bindparam("subjects", type_=ARRAY(Uuid())))


async def lock_subjects(tx: Tx, subjects: Sequence[UUID]) -> None:
    """Let holds, erasures and new keys of one subject come one after the other, until this transaction ends."""
    await tx.conn.execute(_LOCK, {"subjects": sorted(subjects)})
