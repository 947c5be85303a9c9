"""From the bot's Markdown to what Matrix carries: HTML for clients that show it, and words that read as well. Pure.

Raw HTML in the Markdown is shown as text, so that what people typed can be quoted without harm. pyromark reads it
(CommonMark with tables and strikethrough), in a small part of the time that a reader in Python takes.
"""

import html
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyromark

_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
_ESCAPABLE = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~])")
_ADDRESSES = ("https://", "http://", "mailto:", "matrix:")
"""Where a link may lead; any other is left with its words."""
_TAGS = {
    "Paragraph": "p",
    "Strong": "strong",
    "Emphasis": "em",
    "Strikethrough": "del",
    "Item": "li",
    "TableCell": "td",
}
_DEEPEST = 100
"""Elements within each other, as clients show: https://spec.matrix.org/v1.16/client-server-api/#mroommessage-msgtypes.
What is deeper is shown as it was written."""
_INLINE = frozenset({"Strong", "Emphasis", "Strikethrough", "Link", "Image"})


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: for names and everything else that people chose."""
    return _ESCAPABLE.sub(r"\\\1", text)


def message(markdown: str, *, notice: bool = False) -> dict[str, Any]:
    """Return the content of an m.room.message: `body`, and `formatted_body` where that says more."""
    blocks = _blocks(markdown)
    body = _body(blocks)
    rendered = "".join(block.html for block in blocks).strip()
    content = {"msgtype": "m.notice" if notice else "m.text", "body": body}
    if rendered != f"<p>{html.escape(body, quote=False)}</p>":
        content |= {"format": "org.matrix.custom.html", "formatted_body": rendered}
    return content


def plain(markdown: str) -> str:
    """Return the words: links with their address, list items with their mark, table rows as lines."""
    return _body(_blocks(markdown))


class _Piece(NamedTuple):
    """A part of a message, said twice."""

    words: str
    html: str
    inline: bool = False


class _TooDeepError(Exception):
    """There are more elements within each other than anybody means."""


def _blocks(markdown: str) -> list[_Piece]:
    try:
        return _pieces(iter(pyromark.events(markdown, options=_OPTIONS)))
    except _TooDeepError:
        return [_element("Paragraph", [_leaf("Text", markdown)])]


def _body(blocks: list[_Piece]) -> str:
    return "\n\n".join(block.words for block in blocks)


def _pieces(events: Iterator[Any], depth: int = 0) -> list[_Piece]:
    """What stands before the end of the element that is open; what follows each other within a line is one piece."""
    if depth > _DEEPEST:
        raise _TooDeepError
    found: list[_Piece] = []
    for event in events:
        if isinstance(event, str):
            piece = _Piece("---", "<hr />\n") if event == "Rule" else _Piece("\n", "<br />\n", inline=True)
        else:
            ((kind, what),) = event.items()
            if kind == "End":
                break
            piece = _element(what, _pieces(events, depth + 1)) if kind == "Start" else _leaf(kind, what)
        if piece.inline and found and found[-1].inline:
            before = found.pop()
            piece = _Piece(before.words + piece.words, before.html + piece.html, inline=True)
        found.append(piece)
    return found


def _leaf(kind: str, text: str) -> _Piece:
    shown = html.escape(text, quote=False)
    return _Piece(text, f"<code>{shown}</code>" if kind == "Code" else shown, inline=True)


def _element(tag: Any, inside: list[_Piece]) -> _Piece:
    """An element of this tag with what is in it: a name, or a name with what more is to say."""
    ((name, more),) = {tag: {}}.items() if isinstance(tag, str) else tag.items()
    words = ("" if name in _INLINE else "\n").join(piece.words for piece in inside)
    content = "".join(piece.html for piece in inside)
    match name:
        case "Link":
            return _link(more["dest_url"], words, content)
        case "Image":
            return _Piece(words, content, inline=True)  # only what it is said to show
        case "List":
            return _list(more, inside, content)
        case "BlockQuote":
            quoted = "\n".join(f"> {line}" for line in words.splitlines())
            return _Piece(quoted, f"<blockquote>\n{content}</blockquote>\n")
        case "CodeBlock":
            return _Piece(words.rstrip(), f"<pre><code>{content}</code></pre>\n")
        case "Heading":
            return _Piece(words, f"<{more['level'].lower()}>{content}</{more['level'].lower()}>\n")
        case "Table":
            return _Piece(words, f"<table>\n{content}</tbody>\n</table>\n")
        case "TableHead":
            titles = content.replace("<td>", "<th>").replace("</td>", "</th>")
            return _Piece(_row(inside), f"<thead>\n<tr>\n{titles}</tr>\n</thead>\n<tbody>\n")
        case "TableRow":
            return _Piece(_row(inside), f"<tr>\n{content}</tr>\n")
        case "HtmlBlock":
            return _Piece(words.rstrip(), f"<p>{content.rstrip()}</p>\n")
    shown = f"<{_TAGS[name]}>{content}</{_TAGS[name]}>"
    return _Piece(words, shown, inline=True) if name in _INLINE else _Piece(words, f"{shown}\n")


def _link(address: str, words: str, content: str) -> _Piece:
    if not address.startswith(_ADDRESSES):
        return _Piece(words, content, inline=True)
    shown = words if words == address else f"{words} ({address})"
    return _Piece(shown, f'<a href="{html.escape(address)}">{content}</a>', inline=True)


def _list(start: int | None, items: list[_Piece], content: str) -> _Piece:
    """A list that counts from `start`, or one of points."""
    marks = ["• " if start is None else f"{start + n}. " for n in range(len(items))]
    lines = (mark + item.words.replace("\n", "\n" + " " * len(mark)) for mark, item in zip(marks, items, strict=True))
    tag = "ul" if start is None else "ol"
    counted = "" if start in {None, 1} else f' start="{start}"'
    return _Piece("\n".join(lines), f"<{tag}{counted}>\n{content}</{tag}>\n")


def _row(cells: list[_Piece]) -> str:
    return " | ".join(cell.words for cell in cells)
