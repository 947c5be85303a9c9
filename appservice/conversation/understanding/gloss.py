"""What people say in their own language of days, times, places and doctors, put into the English that the readers know.

Word by word, from the catalogues; what no catalogue has stays as it is. Names of months, weekdays, cities and
specialties need no gloss: their readers know each language's. Never for what are somebody's own words (a note, a
question): those stay as they were written.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from appservice.conversation.understanding.terms import Term
from appservice.conversation.understanding.text import folded, plain
from booking.people.languages import LANGUAGES
from core.languages import DEFAULT, H_, heard, locale_of, spoken_languages

_SAID = (
    H_("near|close to|around"),
    H_("in|at a place"),
    H_("within|in a radius of"),
    H_("near me|nearby"),
    H_("today"),
    H_("tonight|this evening"),
    H_("tomorrow"),
    H_("the day after tomorrow"),
    H_("this week"),
    H_("next week"),
    H_("the week after next"),
    H_("at the weekend"),
    H_("this month"),
    H_("next month"),
    H_("in the morning"),
    H_("in the afternoon"),
    H_("in the evening"),
    H_("noon"),
    H_("on a day"),
    H_("at a time"),
    H_("after"),
    H_("before"),
    H_("from"),
    H_("until"),
    H_("between"),
    H_("and"),
    H_("days"),
    H_("weeks"),
    H_("months"),
    H_("under a price"),
    H_("over a price"),
    H_("euros"),
    H_("online"),
    H_("in person"),
    H_("cheapest"),
    H_("nearest"),
    H_("as soon as possible"),
    H_("female doctor"),
    H_("male doctor"),
    H_("who speaks"),
    H_("not|without|except|I cannot"),
    H_("on weekdays"),
    H_("for"),
    H_("for my daughter"),
    H_("for my son"),
    H_("for my child"),
    H_("for my wife"),
    H_("for my husband"),
    H_("for my mother"),
    H_("for my father"),
    H_("with insurance"),
    H_("wheelchair accessible"),
    H_("I need|I want|I am looking for"),
    H_("an appointment"),
    H_("doctor"),
    H_("please"),
)
"""What is understood; the words before the first bar say it in English."""
_MEANT = {
    "in|at a place": "in",
    "on a day": "on",
    "at a time": "at",
    "under a price": "under",
    "over a price": "over",
    "who speaks": "in",
    "with insurance": "insured with",
    "female doctor": "female",
    "male doctor": "male",
    "an appointment": "appointment",
    "I need|I want|I am looking for": "I need",
}
"""Where the words in the catalogue say to translators what is meant, and the readers know it by others."""
_TOKEN = re.compile(r"[\w\u064b-\u0652]+")
_TIED = frozenset(".@:/#_")
_QUOTED = re.compile(r'"[^"]*"')
_BETWEEN = re.compile(r"[\s'’\-]+")


@cache
def _words(tag: str, terms: tuple[Term, ...]) -> tuple[dict[str, str], int]:
    """English by what is said in a language, folded; and of how many words the longest is.

    Without terms: all that wishes are made of, the names of languages among it.
    """
    found: dict[str, str] = {}
    for english, words in terms or ((_MEANT.get(each, each.partition("|")[0]), each) for each in _SAID):
        for spelt in heard(words, tag):
            found.setdefault(_key(spelt), english)
    names = {} if terms else locale_of(tag).languages
    for code, (english, _own) in LANGUAGES.items():
        if name := names.get(code):
            found.setdefault(_key(name), english)
    return found, max((len(key.split()) for key in found), default=0)


@cache
def vocabulary(tag: str) -> frozenset[str]:
    """Return each word that stands in what is understood of a language, folded: alone it may mean nothing."""
    return frozenset(word for key in _words(tag, ())[0] for word in key.split())


def _key(text: str) -> str:
    return " ".join(folded(token) for token in _TOKEN.findall(plain(text)))


def in_english(text: str, language: str, terms: Sequence[Term] = ()) -> str:
    """Return the text with the words of that language that are known put into English, the longest first.

    What stands in quotes is a name, and stays. `terms`: only these, where a command knows but a few words.
    """
    tag = language.split("-", maxsplit=1)[0]
    if tag == DEFAULT or tag not in spoken_languages():
        return text
    words, longest = _words(tag, tuple(terms))
    text = plain(text)
    tokens = list(_TOKEN.finditer(text))
    keys = [folded(each[0]) for each in tokens]
    named = [each.span() for each in _QUOTED.finditer(text)]
    out, at, end = "", 0, 0
    while at < len(tokens):
        runs = range(min(longest, len(tokens) - at), 0, -1) if _bare(text, tokens[at], named) else ()
        count = next((n for n in runs if _joined(text, tokens[at : at + n], keys[at : at + n]) in words), 0)
        if count:
            out += text[end : tokens[at].start()] + words[" ".join(keys[at : at + count])]
            end = tokens[at + count - 1].end()
        at += count or 1
    return out + text[end:]


def _bare(text: str, token: re.Match[str], named: Sequence[tuple[int, int]]) -> bool:
    """Whether it is a word by itself, and no part of a short name (dr.morgen), a Matrix id, an address or a name."""
    if any(start < token.start() < end for start, end in named):
        return False
    before, after = text[token.start() - 1 : token.start()], text[token.end() : token.end() + 2]
    return before not in _TIED and not (after[:1] in _TIED and after[1:].isalnum())


def _joined(text: str, tokens: list[re.Match[str]], keys: list[str]) -> str | None:
    """The words as they are looked up; None where more than blanks stands between them."""
    for one, other in pairwise(tokens):
        if not _BETWEEN.fullmatch(text[one.end() : other.start()]):
            return None
    return " ".join(keys)
