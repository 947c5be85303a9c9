"""What all pages for browsers have in common: the reader's language, a switch to another, and sentences as HTML.

The language is the one that the address names (`?lang=de`, which the switch writes there and every link keeps), else
the one that the browser likes best. No cookie remembers it. What a page shows is another matter.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web
from markupsafe import Markup
from yarl import URL

from core.languages import _, direction, language, locale_of, preferred, speaking, spoken_languages

PARAMETER = "lang"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the languages that a page can be read in."""

    code: str
    name: str
    """In the language itself."""
    here: str
    """The address of this page in it."""
    direction: str


_SHARED = Path(__file__).parent / "templates"
_NOWHERE = URL("/")
_address: ContextVar[URL] = ContextVar("address", default=_NOWHERE)


@contextmanager
def reading(request: web.Request) -> Iterator[None]:
    """Speak the reader's language inside the block, and keep what they chose in the links of the page."""
    before = _address.set(request.rel_url)
    try:
        with speaking(_chosen() or preferred(request.headers.get("Accept-Language", ""))):
            yield
    finally:
        _address.reset(before)


def link(path: str, **query: str) -> str:
    """The address of a page of ours, in the language that was chosen, if one was. `path` is not encoded yet."""
    asked = {name: value for name, value in query.items() if value}
    if chosen := _chosen():
        asked[PARAMETER] = chosen
    return quote(path, safe="/:@") + (f"?{urlencode(asked)}" if asked else "")


def choices() -> list[Choice]:
    """The languages that this page can be read in; a form that was sent is begun anew."""
    found = []
    for code in sorted(spoken_languages()):
        locale = locale_of(code)
        here = str(_address.get().update_query({PARAMETER: code}).with_fragment(None))
        found.append(Choice(code, locale.get_display_name(code) or code, here, str(locale.text_direction)))
    return found


def chosen_language() -> str:
    """The code that the address names; empty if the browser's choice counts."""
    return _chosen()


def shown(sentence: str, /, **values: object) -> Markup:
    """A sentence in the reader's language, as HTML: values are made harmless unless they are HTML already."""
    said = Markup(_(sentence))  # noqa: S704  (our own words)
    return said.format(**values) if values else said


def templates(folder: Path) -> jinja2.Environment:
    """The templates of a folder, with what all pages share."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= words()
    return environment


def words() -> Mapping[str, Callable[..., Any]]:
    """What each of them can call."""
    return {
        "_": shown,
        "language": language,
        "direction": direction,
        "link": link,
        "languages_to_choose": choices,
        "chosen_language": chosen_language,
    }


def _chosen() -> str:
    code = _address.get().query.get(PARAMETER, "")
    return code if code in spoken_languages() else ""
