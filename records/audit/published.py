"""Heads outside the database: a file of lines that is only added to, and what other places hold them as.

A line is JSON: the signed head, the size of the head before it, and the consistency proof from that one. So whoever
has the file and the public key can check, without the database, that the audit was only added to.
"""

import base64
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from records.audit.checkpoint import BadCheckpointError, Checkpoint, LogKey, opened
from records.audit.heads import Head
from records.audit.tree import proves_consistency

_TAIL = 64 * 1024
_NOTE = re.compile(r"^[^\s+]+\n\d+\n[A-Za-z0-9+/=]+\n[^\n]+\n\n— [^\n]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Published:
    """A head as it was found."""

    signed: str
    before: int | None = None
    """The size that `path` leads from; None where there is no proof."""
    path: tuple[bytes, ...] = ()


def line_of(head: Head) -> str:
    """One line, with its end."""
    path = [base64.b64encode(each).decode() for each in head.path]
    return json.dumps({"head": head.signed, "from": head.before, "consistency": path}) + "\n"


def add_to_file(file: Path, heads: Sequence[Head]) -> None:
    """Add lines to a file and see that they are on the disk. A line that was cut off by a crash stays as it is."""
    if not heads:
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        start = "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""
        os.write(descriptor, (start + "".join(line_of(each) for each in heads)).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_in_file(file: Path, keys: Iterable[LogKey]) -> tuple[str, Checkpoint] | None:
    """The newest head in the file that one of these keys signed; None if there is no file or no such head."""
    trusted = [*keys]
    try:
        with file.open("rb") as lines:
            lines.seek(0, os.SEEK_END)
            lines.seek(max(0, lines.tell() - _TAIL))
            tail = lines.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    for line in reversed(tail.splitlines()):
        for found in heads_in(line):
            try:
                return found.signed, opened(found.signed, trusted)
            except BadCheckpointError:
                continue
    return None


def heads_in(text: str) -> list[Published]:
    """Read all heads in a text: lines of the file, or what was copied out of a room. The rest is passed over."""
    found = []
    plain = []
    for line in text.splitlines():
        read = _read(line) if line.startswith("{") else None
        if read:
            found.append(read)
        else:
            plain.append(line)
    return [*found, *(Published(f"{note}\n") for note in _NOTE.findall("\n".join(plain)))]


def _read(line: str) -> Published | None:
    try:
        said = json.loads(line)
        path = tuple(base64.b64decode(each, validate=True) for each in said["consistency"])
        return Published(str(said["head"]), int(said["from"]), path)
    except (ValueError, KeyError, TypeError):
        return None


def fault_of(published: Sequence[Published], keys: Iterable[LogKey]) -> str | None:
    """Check heads among themselves, without the database: signatures, and that each goes on from an earlier one.

    Returns in plain words the first thing that is not in order.
    """
    trusted = [*keys]
    known: dict[int, bytes] = {}
    for number, each in enumerate(published, 1):
        try:
            said = opened(each.signed, trusted)
        except BadCheckpointError as bad:
            return f"Head {number}: {bad}"
        if known.setdefault(said.size, said.root) != said.root:
            return f"Head {number}: another head of {said.size} entries has another root."
        if each.before is None:
            continue
        old = known.get(each.before)
        if each.before and old is None:
            continue  # the head before it stands elsewhere
        if each.before and not proves_consistency(each.before, said.size, each.path, old or b"", said.root):
            return f"Head {number}: it does not go on from the head of {each.before} entries."
    return None
