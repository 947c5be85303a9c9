"""Encrypted files of Matrix, part by part: the same as nio's, and nothing that was changed passes."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from nio.crypto import decrypt_attachment, encrypt_attachment

from appservice.matrix.media import BrokenMediaError, Locking, read_locked, unlocked

DATA = bytes(range(256)) * 500


async def in_parts(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def joined(parts: AsyncIterator[bytes]) -> bytes:
    async def join() -> bytes:
        return b"".join([part async for part in parts])

    return asyncio.run(join())


def sent(data: bytes = DATA) -> tuple[bytes, dict[str, Any]]:
    """What nio, as a client, makes of a file."""
    sealed, where = encrypt_attachment(data)
    return sealed, {**where, "url": "mxc://localhost:8448/AbC-_9"}


def test_what_a_client_encrypted_is_opened_part_by_part() -> None:
    sealed, where = sent()
    locked = read_locked(where)
    assert (locked.server, locked.media_id) == ("localhost:8448", "AbC-_9")
    assert joined(unlocked(locked, in_parts(sealed))) == DATA


def test_what_is_encrypted_here_a_client_opens() -> None:
    locking = Locking()
    sealed = joined(locking.locked(in_parts(DATA)))
    where = locking.where("mxc://localhost/a")
    assert len(sealed) == len(DATA)
    assert decrypt_attachment(sealed, where["key"]["k"], where["hashes"]["sha256"], where["iv"]) == DATA


def test_no_two_files_are_encrypted_alike() -> None:
    assert joined(Locking().locked(in_parts(DATA))) != joined(Locking().locked(in_parts(DATA)))


@pytest.mark.parametrize("spoil", [lambda s: s[:-1], lambda s: s + b"x", lambda s: b"\0" + s[1:], lambda s: b""])
def test_what_was_changed_does_not_pass(spoil: Any) -> None:
    sealed, where = sent()
    with pytest.raises(BrokenMediaError, match="hash"):
        joined(unlocked(read_locked(where), in_parts(spoil(sealed))))


def broken() -> Iterable[dict[str, Any]]:
    _, where = sent(b"x")
    for name in ("v", "url", "key", "iv", "hashes"):
        yield {key: value for key, value in where.items() if key != name}
        yield {**where, name: None}
        yield {**where, name: "../../admin"}
    yield {**where, "url": "mxc://localhost/../x"}
    yield {**where, "url": "https://localhost/x"}
    yield {**where, "key": {**where["key"], "alg": "A128CTR"}}
    yield {**where, "key": {**where["key"], "k": "AAAA"}}
    yield {**where, "hashes": {"sha256": "AAAA"}}
    yield {**where, "iv": 5}


@pytest.mark.parametrize("where", [*broken()])
def test_whatever_is_no_encrypted_file_is_refused(where: dict[str, Any]) -> None:
    with pytest.raises(BrokenMediaError):
        read_locked(where)
