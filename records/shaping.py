"""Arabic letters joined: each in the form that its neighbours give it (Unicode, chapter 9.2).

For what draws letter by letter. Which forms there are is read from the Unicode data, where the presentation forms name
the letters that they show. Pure.
"""

import unicodedata
from collections.abc import Iterator

_FORMS: dict[str, dict[str, str]] = {}
"""By letter: how it is drawn alone, at the beginning, in the middle and at the end of what is joined."""
_LAM = "\u0644"
_LIGATURES: dict[str, dict[str, str]] = {}
"""Lam and alef, which are drawn as one, by the alef."""
_JOINING = frozenset("\u0640\u200d")
"""What joins on both sides without having forms: the stroke that makes words longer, and the joiner nobody sees."""

for _code in (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD)):
    _kind, *_parts = unicodedata.decomposition(chr(_code)).split() or [""]
    _letters = "".join(chr(int(each, 16)) for each in _parts)
    if _kind in {"<isolated>", "<initial>", "<medial>", "<final>"}:
        if len(_letters) == 1:
            _FORMS.setdefault(_letters, {})[_kind] = chr(_code)
        elif len(_letters) == 2 and _letters[0] == _LAM and unicodedata.category(_letters[1]) == "Lo":
            _LIGATURES.setdefault(_letters[1], {})[_kind] = chr(_code)

_DRAWN = {form: letter for letter, forms in _FORMS.items() for form in forms.values()} | {
    form: _LAM + alef for alef, forms in _LIGATURES.items() for form in forms.values()
}


def shaped(text: str) -> str:
    """The text with each Arabic letter in its form, still in the order in which it is read."""
    if not any(letter in _FORMS for letter in text):
        return text
    return "".join(_shape(text))


def unshaped(text: str) -> str:
    """The letters that were meant: what is read aloud, searched and copied."""
    return "".join(_DRAWN.get(each, each) for each in text)


def _shape(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        letter, after = text[at], _next(text, at)
        forms, taken = _FORMS.get(letter, {}), 1
        if letter == _LAM and after < len(text) and text[after] in _LIGATURES and after == at + 1:
            forms, taken = _LIGATURES[text[after]], 2
        before = _before(text, at)
        joined = before is not None and _joins_on(before) and "<final>" in forms
        following = _next(text, at + taken - 1)
        goes_on = "<initial>" in forms and following < len(text) and _joins_back(text[following])
        kind = ("<medial>" if goes_on else "<final>") if joined else ("<initial>" if goes_on else "<isolated>")
        yield forms.get(kind, text[at : at + taken])
        at += taken


def _next(text: str, at: int) -> int:
    """Where the next sign is that is no mark above or below a letter."""
    at += 1
    while at < len(text) and unicodedata.category(text[at]) == "Mn":
        at += 1
    return at


def _before(text: str, at: int) -> str | None:
    at -= 1
    while at >= 0 and unicodedata.category(text[at]) == "Mn":
        at -= 1
    return text[at] if at >= 0 else None


def _joins_on(letter: str) -> bool:
    """Whether a letter reaches out to the one after it."""
    return letter in _JOINING or "<initial>" in _FORMS.get(letter, {})


def _joins_back(letter: str) -> bool:
    return letter in _JOINING or "<final>" in _FORMS.get(letter, {})
