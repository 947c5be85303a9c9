"""The Markdown that most of our sentences are made of, read line by line: much quicker than the whole grammar. Pure.

Paragraphs, numbered and dotted lists, words in bold, escapes. `read` gives the very words and HTML that the library
gives, or None where there is anything else, or anything that could be: then the library reads it.
"""

import re
from html import escape

_ITEM = re.compile(r"(?:(?P<number>\d{1,9})\.|-) (?P<words>\S.*)")
_UNSAFE_START = re.compile(r"[#>+=:|-]|\* |\*+$|\d+[.)]")
"""What begins a line and may be more than words: headings, quotes, lists within, lines under a heading, tables."""
_UNSAFE = re.compile(r"[`<\[_~|\t\r\x00]|&[#\w]|\*{3}|\\\n|\\$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_BOLD = "**"


class _OtherError(Exception):
    """There is something that is not read here."""


def read(markdown: str) -> tuple[str, str] | None:
    """Return the words and the HTML; None for what only the whole grammar can read."""
    words: list[str] = []
    html: list[str] = []
    listed = False
    try:
        for block in markdown.split("\n\n"):
            lines = block.split("\n")
            if _ITEM.fullmatch(lines[0]):
                if listed:  # one list with room between its items
                    return None
                said, shown = _list(lines)
                listed = True
            else:
                said, shown = _inline(lines)
                shown = f"<p>{shown}</p>"
                listed = False
            words.append(said)
            html.append(shown)
    except _OtherError:
        return None
    return "\n\n".join(words), "\n".join(html)


def _list(lines: list[str]) -> tuple[str, str]:
    """Items, each with the lines that go on with it."""
    items: list[list[str]] = []
    first: str | None = None
    for line in lines:
        found = _ITEM.fullmatch(line)
        if found is None:
            items[-1].append(line.lstrip(" "))
            continue
        if not items:
            first = found["number"]
        elif (first is None) != (found["number"] is None):
            raise _OtherError
        items.append([found["words"]])
    words, html = [], []
    for n, item in enumerate(items, int(first or 0)):
        said, shown = _inline(item)
        mark = "• " if first is None else f"{n}. "
        words.append(mark + said.replace("\n", "\n" + " " * len(mark)))
        html.append(f"<li>{shown}</li>\n")
    begin = "<ul>" if first is None else "<ol>" if int(first) == 1 else f'<ol start="{int(first)}">'
    return "\n".join(words), f"{begin}\n{''.join(html)}</{'ul' if first is None else 'ol'}>"


def _inline(lines: list[str]) -> tuple[str, str]:
    for line in lines:
        if not line or line != line.strip() or _UNSAFE_START.match(line):
            raise _OtherError
    text = "\n".join(lines)
    bare = _ESCAPED.sub("", text) if "\\" in text else text
    if _UNSAFE.search(bare) or "***" in text:
        raise _OtherError
    if "*" not in bare:
        words = _unescaped(text)
        return words, _shown(words)
    words, html = "", ""
    at, bold = 0, False
    for start in _marks(text):
        piece = _unescaped(text[at:start])
        words += piece
        html += _shown(piece) + ("</strong>" if bold else "<strong>")
        if not _flanks(text, start, closing=bold):
            raise _OtherError
        at, bold = start + 2, not bold
    if bold:
        raise _OtherError
    piece = _unescaped(text[at:])
    return words + piece, html + _shown(piece)


def _marks(text: str) -> list[int]:
    """Where bold begins and ends."""
    found, at = [], 0
    while (at := text.find("*", at)) >= 0:
        escapes = at - len(text[:at].rstrip("\\"))
        if escapes % 2:
            at += 1
            continue
        if not text.startswith(_BOLD, at):
            raise _OtherError
        found.append(at)
        at += 2
    return found


def _flanks(text: str, start: int, *, closing: bool) -> bool:
    """Whether two stars can open or close; narrower than CommonMark, which says the same of what is taken here."""
    before, behind = text[start - 1 : start], text[start + 2 : start + 3]
    inner, outer = (before, behind) if closing else (behind, before)
    if not inner or inner.isspace():
        return False
    return inner.isalnum() or not outer or outer.isspace() or (outer.isascii() and not outer.isalnum())


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _shown(words: str) -> str:
    return escape(words, quote=False).replace('"', "&quot;").replace("\n", "<br />\n")
