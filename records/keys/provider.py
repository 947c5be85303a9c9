"""What a key provider does: it wraps subjects' keys under a key (KEK) of its own, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from core.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Name:
    """Which key of which subject: what a wrapped key is bound to."""

    subject: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapped key, and which key of which provider wrapped it (the column `wrapped_by`)."""

    secret: bytes = field(repr=False)
    by: str


class ProviderAwayError(UnavailableError, OSError):
    """The key provider does not answer, or refuses us. Nothing is wrong with the records; who waits tries again."""

    def __init__(self) -> None:
        super().__init__("The records cannot be opened just now. Please try again in a few minutes.")


class Provider(Protocol):
    """One key (KEK), which may have versions. All methods may raise ProviderAwayError."""

    remote: bool
    """Whether each call goes over a network."""

    def knows(self, by: str) -> bool:
        """Whether this provider wrapped what has this `by`."""

    async def current(self) -> str:
        """What `by` says of a key that is wrapped now."""

    async def wrap(self, keys: Sequence[tuple[Name, bytes]]) -> list[Wrapped]:
        """Wrap keys, in order, each bound to its name."""

    async def unwrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[bytes]:
        """Unwrap keys, in order. Raises SealBrokenError if one is not what was wrapped under its name."""

    async def rewrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[Wrapped]:
        """Wrap keys of an older version of this provider's key under the newest. Raises SealBrokenError."""

    async def close(self) -> None:
        """Let go of connections."""
