"""The page that a browser shows after paying. It tells nothing personal: an address can be passed on."""

from dataclasses import dataclass
from html import escape

from aiohttp import web

from core.languages import N_, _, direction, language, preferred, speaking


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says."""

    title: str
    text: str


_CHAT = N_("You can close this page and go back to your chat.")
PAID = Words(N_("Thank you, it is paid"), N_("Your appointment is confirmed."))
NOT_PAID = Words(
    N_("Not paid yet"),
    N_("Nothing was paid. Your time stays held for a while: the link in your chat still works."),
)
NOT_KNOWN_YET = Words(
    N_("One moment"),
    N_("We do not know yet whether the payment went through. You will be told in your chat."),
)
TOO_LATE = Words(
    N_("Paid back"),
    N_("The payment came after the time was given away, or the visit was called off. You get it back."),
)
OVER = Words(N_("This time is not held any more"), N_("Nothing was paid. Ask for another time in your chat."))
UNKNOWN = Words(N_("Nothing here"), N_("We do not know this payment."))

_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
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
<body><main><h1>{title}</h1><p>{text} {chat}</p></main></body>
</html>
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


def response(words: Words, *, accepted: str, status: int = 200) -> web.Response:
    """Return the page in the language that its reader likes best; `accepted`: the header Accept-Language."""
    with speaking(preferred(accepted)):
        text = _PAGE.format(
            language=language(),
            direction=direction(),
            title=escape(_(words.title)),
            text=escape(_(words.text)),
            chat=escape(_(_CHAT)),
        )
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)
