"""From the bot's Markdown to what Matrix carries: HTML for clients that show it, and words that read as well. Pure.

Raw HTML in the Markdown is shown as text, so that what people typed can be quoted without harm.
"""

import html
import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_ESCAPABLE = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~])")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: for names and everything else that people chose."""
    return _ESCAPABLE.sub(r"\\\1", text)


def message(markdown: str, *, notice: bool = False) -> dict[str, Any]:
    """Return the content of an m.room.message: `body`, and `formatted_body` where that says more."""
    parsed = _MARKDOWN.parse(markdown)
    body = _plain(parsed)
    rendered = _MARKDOWN.renderer.render(parsed, _MARKDOWN.options, {}).strip()
    content = {"msgtype": "m.notice" if notice else "m.text", "body": body}
    if html.unescape(rendered) != f"<p>{body}</p>":
        content |= {"format": "org.matrix.custom.html", "formatted_body": rendered}
    return content


def plain(markdown: str) -> str:
    """Return the words: links with their address, list items with their mark, table rows as lines."""
    return _plain(_MARKDOWN.parse(markdown))


def _plain(parsed: list[Token]) -> str:
    blocks, at = [], 0
    while at < len(parsed):
        block, at = _block(parsed, at)
        blocks.append(block)
    return "\n\n".join(blocks)


def _block(parsed: list[Token], at: int) -> tuple[str, int]:
    """The words of the block that begins at this token, and where the next one does."""
    first = parsed[at]
    at += 1
    if first.nesting == 0:
        return _leaf(first), at
    parts = []
    while parsed[at].nesting >= 0:
        part, at = _block(parsed, at)
        parts.append(part)
    return _joined(first, parts), at + 1


def _leaf(token: Token) -> str:
    match token.type:
        case "inline":
            return _words(token.children or [])
        case "fence" | "code_block":
            return token.content.rstrip()
        case "hr":
            return "---"
        case _:
            return ""


def _joined(opening: Token, parts: list[str]) -> str:
    match opening.type:
        case "ordered_list_open":
            return "\n".join(_item(f"{n}. ", part) for n, part in enumerate(parts, int(opening.attrGet("start") or 1)))
        case "bullet_list_open":
            return "\n".join(_item("• ", part) for part in parts)
        case "blockquote_open":
            return "\n".join(f"> {line}" for line in "\n".join(parts).splitlines())
        case "tr_open":
            return " | ".join(parts)
        case _:
            return "\n".join(parts)


def _item(mark: str, words: str) -> str:
    return mark + words.replace("\n", "\n" + " " * len(mark))


def _words(inline: list[Token]) -> str:
    said: list[str] = []
    links: list[tuple[str, int]] = []
    for token in inline:
        match token.type:
            case "text" | "code_inline":
                said.append(token.content)
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "link_open":
                links.append((str(token.attrGet("href")), len(said)))
            case "link_close":
                address, since = links.pop()
                if "".join(said[since:]) != address:
                    said.append(f" ({address})")
            case _:
                said.append(_words(token.children or []))
    return "".join(said)
