"""One way to write a value as bytes, so that a hash or a signature over it can be checked anywhere (RFC 8785)."""

import json
from collections.abc import Mapping, Sequence

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | bool | None

_EXACT = 2**53


def canonical(value: Json) -> bytes:
    """The canonical JSON of a value. Raises ValueError for what has no single form here: fractions, huge integers.

    RFC 8785 writes numbers as JavaScript does; integers below 2**53 are alike in both, and records hold no others.
    """
    _check(value)
    return _write(value).encode()


def _write(value: Json) -> str:
    if isinstance(value, Mapping):
        # RFC 8785, 3.2.3: names are ordered by their UTF-16 code units.
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_write(name)}:{_write(value[name])}" for name in names) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(_write(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _check(value: Json) -> None:
    if isinstance(value, Mapping):
        for inner in value.values():
            _check(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            _check(item)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) >= _EXACT):
        raise ValueError("a number in canonical JSON is an integer below 2**53")
