"""Proofs that one's own entries are in the audit: a small file that is checked with the public key alone."""

import base64
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select

from core.database import Tx
from records.access import Kind, Reader, require_read
from records.audit.checkpoint import BadCheckpointError, Checkpoint, LogKey, opened
from records.audit.hashes import inclusion_paths
from records.audit.model import audit_event, audit_leaf
from records.audit.rules import Action, Entry, entry_from, leaf_hash, said
from records.audit.service import entry_of, note_by
from records.audit.tree import proves_inclusion

_FORMAT = "careconnect audit proof 1"
_MOST = 200


class ProofError(Exception):
    """The proof proves nothing. Says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Proved:
    """An entry, its place in the tree, and the hashes that lead from it to the root."""

    entry: Entry
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """Entries, and the signed head that they are under."""

    signed: str
    entries: tuple[Proved, ...]

    def written(self) -> str:
        """The file: JSON, with hashes in base64; the fields of a path are named as in RFC 9162."""
        return json.dumps(
            {
                "format": _FORMAT,
                "head": self.signed,
                "entries": [
                    {
                        "entry": said(each.entry),
                        "leaf_index": each.index,
                        "inclusion_path": [base64.b64encode(part).decode() for part in each.path],
                    }
                    for each in self.entries
                ],
            },
            ensure_ascii=False,
            indent=1,
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `written` wrote. Raises ValueError for what is no such file."""
        try:
            read = json.loads(text)
            if read["format"] != _FORMAT:
                raise ValueError("That is no proof of an audit, or one of a later format.")
            return cls(str(read["head"]), tuple(_proved(each) for each in read["entries"]))
        except (KeyError, TypeError) as malformed:
            raise ValueError("That is no proof of an audit.") from malformed

    def check(self, keys: Iterable[LogKey]) -> Checkpoint:
        """Return the head that all entries are under. Raises ProofError."""
        try:
            head = opened(self.signed, keys)
        except BadCheckpointError as bad:
            raise ProofError(str(bad)) from bad
        for number, each in enumerate(self.entries, 1):
            if not proves_inclusion(leaf_hash(each.entry), each.index, head.size, each.path, head.root):
                raise ProofError(f"Entry {number} of the file is not in the audit that was signed.")
        return head


def _proved(read: dict[str, Any]) -> Proved:
    path = tuple(base64.b64decode(each, validate=True) for each in read["inclusion_path"])
    return Proved(entry_from(read["entry"]), int(read["leaf_index"]), path)


async def prove(
    tx: Tx, reader: Reader, patients: Collection[UUID], *, signed: str, size: int, most: int = _MOST
) -> Proof:
    """Prove the newest entries about patients under a signed head of `size` entries. For who speaks for them.

    Raises RefusedError.
    """
    for patient in sorted(patients):
        by = require_read(reader, Kind.AUDIT, patient)
        await note_by(tx, reader, by, Action.READ, subject=patient, table=audit_event.name)
    found = await tx.conn.execute(
        select(*audit_event.c, audit_leaf.c.leaf_index)
        .join(audit_leaf, audit_leaf.c.event_id == audit_event.c.id)
        .where(audit_event.c.subject.in_(sorted(patients)), audit_leaf.c.leaf_index < size)
        .order_by(audit_event.c.at.desc(), audit_leaf.c.leaf_index.desc())
        .limit(most)
    )
    rows: Sequence[Any] = found.all()
    paths = await inclusion_paths(tx, [row.leaf_index for row in rows], size)
    return Proof(
        signed,
        tuple(Proved(entry_of(row), row.leaf_index, tuple(path)) for row, path in zip(rows, paths, strict=True)),
    )
