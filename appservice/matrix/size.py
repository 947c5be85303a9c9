"""What is said instead of a message that the homeserver calls too large: an event has 64 KiB, encrypted. Pure.

https://spec.matrix.org/v1.16/client-server-api/#size-limits
"""

from collections.abc import Iterator
from typing import Any

from appservice.matrix.machine import in_json

_MOST = 40 * 1024
"""Octets of words that fit into an event whatever else is in it: encryption writes three octets as four."""
_A_LETTER = 6
"""Octets that one takes in JSON at most."""
_GLIMPSE = 200
"""Letters of an edit that are shown where clients know no edits."""
_FORM = ("format", "formatted_body")


def smaller(content: dict[str, Any], rest: str) -> Iterator[dict[str, Any]]:
    """Give what says the same in less, then what says the beginning of it, ended by the line `rest`.

    `content` is that of an m.room.message, or of an edit of one.
    """
    if "m.new_content" in content:
        new, shown = content["m.new_content"], content["body"]
        brief = _bare(content) | {"body": shown if len(shown) <= _GLIMPSE else f"{shown[:_GLIMPSE]}…"}
        for less in (new, _bare(new), _beginning(new, rest)):
            yield brief | {"m.new_content": less}
    else:
        yield _bare(content)
        yield _beginning(content, rest)


def _bare(content: dict[str, Any]) -> dict[str, Any]:
    """The words without their form."""
    return {name: value for name, value in content.items() if name not in _FORM}


def _beginning(content: dict[str, Any], rest: str) -> dict[str, Any]:
    lines, left = [], _MOST
    for line in content["body"].split("\n"):
        left -= len(in_json(line).encode())
        if left < 0:
            break
        lines.append(line)
    said = "\n".join(lines) or content["body"][: _MOST // _A_LETTER]  # it begins with a very long line
    return _bare(content) | {"body": f"{said}\n\n{rest}"}
