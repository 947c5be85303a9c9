"""Signed tree heads as C2SP checkpoints (https://c2sp.org/tlog-checkpoint), in its signed notes. Pure.

A checkpoint is a few lines of text that anybody can keep, send and check: the log's name, the number of entries, the
root in base64, when it was signed; then an empty line and the signature, Ed25519 over all lines before the empty one.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.settings import AuditSettings
from core.timezones import utc

_ED25519 = b"\x01"
"""The algorithm's byte in keys and their ids: https://c2sp.org/signed-note"""
_NAME = re.compile(r"[^\s+]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_MOST_LINES = 16


class BadCheckpointError(Exception):
    """Not a checkpoint, not of this log, or not signed with a key that is trusted. Says which in a sentence."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log: what whoever checks must have from elsewhere."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """name+id+key, as it is published."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` wrote. Raises ValueError with a plain sentence."""
        name, _, rest = text.strip().partition("+")
        told, _, encoded = rest.partition("+")
        key = _decoded(encoded) or b""
        read = cls(name, key[1:])
        if not _NAME.fullmatch(name) or key[:1] != _ED25519 or len(key) != 33 or told != read.id.hex():
            raise ValueError("That is no public key of an audit. It looks like care.example/audit+…+…")
        return read


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How a log stood."""

    origin: str
    """The log's name."""
    size: int
    root: bytes
    at: datetime
    """When it was signed."""

    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{utc(self.at).isoformat(timespec='seconds')}\n"


class HeadKey:
    """The private key that heads are signed with."""

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != 32:
            raise ValueError("The audit's key must be 32 bytes; `careconnect new-key` makes one.")
        if not _NAME.fullmatch(name):
            raise ValueError("The audit's name has no spaces and no plus sign in it.")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = LogKey(name, self._private.public_key().public_bytes_raw())

    @classmethod
    def from_settings(cls, settings: AuditSettings, *, name: str) -> Self | None:
        """Read it from the settings or from the file that they name; None if there is none. Raises ValueError."""
        text = settings.key.get_secret_value().strip()
        if not text and settings.key_file:
            try:
                text = settings.key_file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as unreadable:
                raise ValueError("The file that audit.key_file names cannot be read.") from unreadable
        if not text:
            return None
        try:
            seed = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as malformed:
            raise ValueError("audit.key is not base64; `careconnect new-key` makes one.") from malformed
        return cls(name, seed)

    def sign(self, size: int, root: bytes, at: datetime) -> str:
        """Return the signed checkpoint."""
        text = Checkpoint(self.public.name, size, root, at).text()
        signature = base64.b64encode(self.public.id + self._private.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.public.name} {signature}\n"


def opened(signed: str, keys: Iterable[LogKey]) -> Checkpoint:
    """Read a signed checkpoint whose signature one of these keys made. Raises BadCheckpointError."""
    text, empty, signatures = signed.partition("\n\n")
    text += "\n"
    lines = text.splitlines()
    if not empty or not 4 <= len(lines) <= _MOST_LINES:
        raise BadCheckpointError("This is no signed head of an audit.")
    _require_signature(text, signatures, [key for key in keys if key.name == lines[0]])
    size, root = _SIZE.fullmatch(lines[1]), _decoded(lines[2])
    if size is None or root is None or len(root) != 32:
        raise BadCheckpointError("This is no signed head of an audit.")
    try:
        return Checkpoint(lines[0], int(size[0]), root, utc(datetime.fromisoformat(lines[3])))
    except ValueError as malformed:
        raise BadCheckpointError("This is no signed head of an audit.") from malformed


def _require_signature(text: str, signatures: str, keys: list[LogKey]) -> None:
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        made = _decoded(encoded) or b""
        for key in keys:
            if dash != "\N{EM DASH}" or name != key.name or made[:4] != key.id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(made[4:], text.encode())
            except InvalidSignature:
                continue
            return
    raise BadCheckpointError("This head is not signed with the audit's key.")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
