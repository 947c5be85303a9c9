"""The page that a browser shows after paying. It tells nothing personal: an address can be passed on."""

from dataclasses import dataclass
from html import escape

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says."""

    title: str
    text: str


_CHAT = "You can close this page and go back to your chat."
PAID = Words("Thank you, it is paid", f"Your appointment is confirmed. {_CHAT}")
NOT_PAID = Words(
    "Not paid yet", f"Nothing was paid. Your time stays held for a while: the link in your chat still works. {_CHAT}"
)
NOT_KNOWN_YET = Words(
    "One moment", f"We do not know yet whether the payment went through. You will be told in your chat. {_CHAT}"
)
TOO_LATE = Words(
    "Paid back",
    f"The payment came after the time was given away, or the visit was called off. You get it back. {_CHAT}",
)
OVER = Words("This time is not held any more", f"Nothing was paid. Ask for another time in your chat. {_CHAT}")
UNKNOWN = Words("Nothing here", f"We do not know this payment. {_CHAT}")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto 0; padding: 0 1.5rem }}
  h1 {{ font-size: 1.6rem; line-height: 1.25 }}
</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def response(words: Words, *, status: int = 200) -> web.Response:
    """Return the page."""
    text = _PAGE.format(title=escape(words.title), text=escape(words.text))
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)
