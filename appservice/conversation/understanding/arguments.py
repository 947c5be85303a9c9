"""Pieces of a command line: names in quotes, Matrix ids, codes of visits, slugs of doctors."""

import re

from appservice.conversation.understanding.text import Reading, plain
from core.ids import normal_code

_QUOTED = re.compile(r'"(?P<words>[^"]{1,120})"')
_MXID = re.compile(r"(?<!\S)@[^\s:]+:[^\s,;]+")
_SLUG = re.compile(r"(?<!\S)(?P<slug>dr\.[\w.-]+)(?!\S)", re.IGNORECASE)
WHOM = re.compile(r"\bfor (?P<who>@\S+:\S+|(?=\S*[\dA-Z])[0-9A-Za-z]{3}-?[0-9A-Za-z]{3})\s*$")
"""Whom staff book for: a Matrix id, or the code of a visit."""
_CODE = re.compile(r"^(?:#|nr\.? ?|no\.? ?|code )?(?P<code>[0-9A-Za-z]{3}[- ]?[0-9A-Za-z]{3})(?=$|[\s,:;.!?])")


def take_quoted(reading: Reading) -> str | None:
    """Take the first words in quotes."""
    match = reading.take(_QUOTED)
    return match["words"].strip() if match else None


def take_mxid(reading: Reading) -> str | None:
    """Take the first Matrix id."""
    match = reading.take(_MXID)
    return match[0].rstrip(".") if match else None


def take_slug(reading: Reading) -> str | None:
    """Take a doctor's short name: dr.osei."""
    match = reading.take(_SLUG)
    return match["slug"].lower().rstrip(".") if match else None


def split_code(text: str) -> tuple[str | None, str]:
    """Part the code that a text begins with from what follows. A code has a digit, also where it was typed as O, I or L."""
    text = plain(text)
    match = _CODE.match(text)
    if not match:
        return None, text
    written = match["code"]
    if not (any(letter.isdigit() for letter in written) or written.isupper()):
        return None, text
    return normal_code(written), text[match.end() :].strip(" ,:;")


def split_code_from_prose(text: str) -> tuple[str | None, str]:
    """The same, where what follows is prose of a person's own: it stays as it was written, in all its lines."""
    code, _ = split_code(text.strip().partition("\n")[0])
    match = _CODE.match(text.strip())
    if code is None or match is None:
        return None, text
    return code, text.strip()[match.end() :].strip(" ,:;\n")
