"""Looks for words in what a running demo leaves behind, in the forms in which words hide there."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator

from demo.postgres import Postgres
from demo.run import Demo


def forms(word: str) -> Iterator[bytes]:
    """The word as it is, in UTF-16, and backwards; each of them plain, in base64 and in hexadecimal digits.

    Base64 comes in hexadecimal digits too: so a dump shows it in a column of bytes. Case is for `found` to disregard.
    """
    for spelling in {word, word.lower(), word.upper()}:
        for way in (spelling, spelling[::-1]):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                plain = way.encode(encoding)
                yield plain
                yield plain.hex().encode()
                for coded in _base64(plain):
                    yield coded
                    yield coded.hex().encode()


def _base64(plain: bytes) -> Iterator[bytes]:
    """All that is sure of it in base64, wherever in a longer text it stands."""
    for before in range(3):
        coded = b64encode(bytes(before) + plain).rstrip(b"=")
        sure = coded[(0, 2, 3)[before] : len(coded) - bool((before + len(plain)) % 3)]
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))


def found(words: Iterable[str], places: dict[str, bytes]) -> list[str]:
    """Say which words are where."""
    folded = {name: content.lower() for name, content in places.items()}
    return [
        f"{word} in {name}"
        for word in words
        for name, content in folded.items()
        if any(form.lower() in content for form in forms(word))
    ]


def left_by(demo: Demo) -> dict[str, bytes]:
    """Both databases as dumps, all files but PostgreSQL's own, its log, and what the stand-in was asked."""
    places = {f"dump of {name}": _dump(demo.postgres, name) for name in ("careconnect", "synapse")}
    for file in demo.folder.rglob("*"):
        if file.is_file() and demo.folder / "postgres" not in file.parents:
            places[str(file)] = file.read_bytes()
    places["PostgreSQL's log"] = demo.postgres.log.read_bytes()
    places["requests to Stripe"] = json.dumps(demo.stripe.requests()).encode()
    return places


def _dump(postgres: Postgres, database: str) -> bytes:
    command = [postgres.programs / "pg_dump", postgres.url(database)]
    return subprocess.run(command, check=True, capture_output=True).stdout
