"""From the bot's Markdown to what Matrix carries: HTML for clients that show it, and words that read as well. Pure.

Raw HTML in the Markdown is shown as text, so that what people typed can be quoted without harm.
"""

import html
import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_ESCAPABLE = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~])")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: for names and everything else that people chose."""
    return _ESCAPABLE.sub(r"\\\1", text)


def message(markdown: str, *, notice: bool = False) -> dict[str, Any]:
    """Return the content of an m.room.message: `body`, and `formatted_body` where that says more."""
    parsed = _MARKDOWN.parse(markdown)
    body = _plain(parsed)
    content = {"msgtype": "m.notice" if notice else "m.text", "body": body}
    rendered = _MARKDOWN.renderer.render(parsed, _MARKDOWN.options, {}).strip()
    if html.unescape(rendered) != f"<p>{body}</p>":
        content |= {"format": "org.matrix.custom.html", "formatted_body": rendered}
    return content


def plain(markdown: str) -> str:
    """Return the words: links with their address, list items with their mark, table rows as lines."""
    return _plain(_MARKDOWN.parse(markdown))


def _plain(parsed: list[Token]) -> str:
    return _blocks(SyntaxTreeNode(parsed), "\n\n")


def _blocks(node: SyntaxTreeNode, between: str = "\n") -> str:
    return between.join(_block(child) for child in node.children)


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "ordered_list":
            first = int(node.attrGet("start") or 1)
            return "\n".join(_item(f"{n}. ", item) for n, item in enumerate(node.children, first))
        case "bullet_list":
            return "\n".join(_item("• ", item) for item in node.children)
        case "blockquote":
            return "\n".join(f"> {line}" for line in _blocks(node).splitlines())
        case "tr":
            return " | ".join(_blocks(cell) for cell in node.children)
        case "inline":
            return _words(node)
        case "fence" | "code_block":
            return node.content.rstrip()
        case "hr":
            return "---"
        case _:
            return _blocks(node)


def _item(mark: str, item: SyntaxTreeNode) -> str:
    return mark + _blocks(item).replace("\n", "\n" + " " * len(mark))


def _words(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "link":
            words, address = "".join(map(_words, node.children)), str(node.attrGet("href"))
            return words if words == address else f"{words} ({address})"
        case _:
            return "".join(map(_words, node.children))
