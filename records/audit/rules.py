"""What an entry of the audit is, and the hashes that chain entries. Pure.

Hashes are prefixed as in RFC 6962, 2.1: a leaf with 0, what joins two hashes with 1. The leaves in their order can
become a Merkle tree without a change to any of them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.timezones import utc
from records.access import Relation
from records.canonical import canonical

NOTHING = b""
"""The head of an empty chain."""


class Action(StrEnum):
    """What was done."""

    READ = "read"
    WRITE = "write"
    ERASE = "erase"


class Why(StrEnum):
    """For what reason."""

    OWN = "own"
    """The patient, about their own. Before there was GUARDIAN: a guardian, too."""
    GUARDIAN = "guardian"
    """Who speaks for the patient."""
    CARE = "care"
    """A doctor who treats the patient, or did."""
    CONSENT = "consent"
    """Somebody to whom the patient's side has opened it."""
    EMERGENCY = "emergency"
    """A doctor who has said that there is an emergency, and what."""
    DELIVERY = "delivery"
    """The service, to send the patient what is theirs."""
    PHARMACY = "pharmacy"
    """A pharmacy that showed the secret of the paper, or the one that it was given then."""
    REQUEST = "request"
    """On the person's own word: erasure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One access. Names nothing by content: ids only."""

    id: UUID
    at: datetime
    actor: UUID | None
    """A person, or None for the service itself."""
    action: Action
    subject: UUID
    """The patient (or person) whose record it is."""
    table: str
    row: UUID | None
    """None for all of the subject's rows in the table."""
    why: Why


_WHY = {
    Relation.SELF: Why.OWN,
    Relation.GUARDIAN: Why.GUARDIAN,
    Relation.TREATS: Why.CARE,
    Relation.SEES: Why.CARE,
    Relation.CONSENT: Why.CONSENT,
    Relation.EMERGENCY: Why.EMERGENCY,
}


def why_of(by: Relation) -> Why:
    """For what reason somebody looks whom this relation lets: a parent who is the child's doctor too, as a parent."""
    return _WHY[by]


def leaf_hash(entry: Entry) -> bytes:
    """SHA-256 over 0 and the entry's canonical JSON."""
    said = {
        "id": str(entry.id),
        "at": utc(entry.at).isoformat(timespec="microseconds"),
        "actor": str(entry.actor) if entry.actor else None,
        "action": entry.action,
        "subject": str(entry.subject),
        "table": entry.table,
        "row": str(entry.row) if entry.row else None,
        "why": entry.why,
    }
    return hashlib.sha256(b"\x00" + canonical(said)).digest()


def next_head(head: bytes, leaf: bytes) -> bytes:
    """The chain's head after one more leaf. PostgreSQL computes the same when a transaction commits."""
    return hashlib.sha256(b"\x01" + head + leaf).digest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found."""

    entries: int
    """How many entries are in order, from the first."""
    head: bytes
    """The head after them."""
    fault: str | None = None
    """In plain words, the first thing that is not in order."""

    @property
    def sound(self) -> bool:
        return self.fault is None


@dataclass(frozen=True, slots=True)
class Link:
    """One place of the chain as it is stored: what is missing is None."""

    position: int | None
    head: bytes | None
    entry: Entry | None
    leaf: bytes | None


class Checker:
    """Follows the chain link by link, in order of position, those without one last; stops at the first fault."""

    def __init__(self) -> None:
        self.entries = 0
        self.head = NOTHING
        self.fault: str | None = None

    def follow(self, link: Link) -> bool:
        """Check one more link. Returns whether all is in order so far."""
        self.fault = self._fault_of(link)
        if self.fault is None:
            assert link.head is not None
            self.entries, self.head = self.entries + 1, link.head
        return self.fault is None

    def _fault_of(self, link: Link) -> str | None:
        place = self.entries + 1
        if link.position is None:
            return "An entry stands outside the chain."
        if link.position != place:
            return f"Entry {place} is missing or out of order."
        if link.entry is None or link.leaf is None:
            return f"Entry {place} was deleted."
        if leaf_hash(link.entry) != link.leaf:
            return f"Entry {place} was changed."
        if next_head(self.head, link.leaf) != link.head:
            return f"The chain is broken at entry {place}."
        return None

    def verdict(self, size: int, head: bytes) -> Verdict:
        """Compare with how long the chain was and where it ended."""
        if self.fault is None and (size, head) != (self.entries, self.head):
            self.fault = f"The chain ends at entry {self.entries}, and should at entry {size}."
        return Verdict(self.entries, self.head, self.fault)
