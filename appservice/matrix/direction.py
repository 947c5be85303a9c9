"""Messages in languages that are written from right to left. Pure.

HTML in Matrix has no `dir`: clients take the direction of a message, or of each of its lines, from its first letter.
Where that is Latin (a doctor's name, a visit's code), a mark before it says how the sentence runs.

https://www.unicode.org/reports/tr9/#P2
"""

import unicodedata
from typing import Any

_MARK = "\u200f"  # RIGHT-TO-LEFT MARK: nobody sees it, and it is left out of what is heard


def from_the_right(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of an m.room.message so that it runs from right to left; what has no such letters stays."""
    body: str = content["body"]
    if not _turns(body):
        return content
    marked = [_MARK + line if _turns(line) and _begins_left(line) else line for line in body.split("\n")]
    turned = content | {"body": "\n".join(marked)}
    if _begins_left(body):  # clients that look at the whole see its first letter
        turned["body"] = _MARK + turned["body"].removeprefix(_MARK)
        if "formatted_body" in content:
            turned["formatted_body"] = _MARK + content["formatted_body"]
    return turned


def _begins_left(text: str) -> bool:
    return next((kind == "L" for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), False)


def _turns(text: str) -> bool:
    """Whether anything in it is written from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
