"""In which of our languages somebody writes who has chosen none. Pure."""

import re
from dataclasses import replace

from appservice.conversation.understanding.gloss import in_english, vocabulary
from appservice.conversation.understanding.text import folded, plain
from appservice.conversation.understanding.wishes import Speaker, Wanted, read_wish
from core.errors import BadInputError
from core.languages import DEFAULT, speaking, spoken_languages

_WORD = re.compile(r"[^\W\d_]{4,}")
"""Shorter ones are words of several languages."""
_LONG = 250
"""Letters that are looked at: all that is read is read once for each language."""
_SURE = 2
"""Words of a language in a wish that makes as much sense without them: one alone may be a slip."""


def tongue_of(text: str, speaker: Speaker) -> str | None:
    """Return the language other than the speaker's in which a text is a wish for a doctor, and more of one; or None.

    English is no answer: who speaks another language writes it, too.
    """
    text = plain(text, _LONG)
    others = sorted(spoken_languages() - {DEFAULT, speaker.language.split("-")[0]})
    known = {tag: words for tag in others if (words := words_of(text, tag))}
    own = _read(text, speaker) if known else None
    found = []
    for tag, words in known.items():
        meant = _read(text, replace(speaker, language=tag))
        if meant is None or not meant.whom:
            continue
        if own is None or not own.whom or (words >= _SURE and len(meant.rest) <= len(own.rest)):
            found.append((-len(meant.rest), words, tag))
    return max(found)[2] if found else None


def words_of(text: str, tag: str) -> int:
    """Return how many words of a text are known to be of a language, and are none of English."""
    text = plain(text, _LONG)
    said = _WORD.findall(folded(text))
    if vocabulary(tag).isdisjoint(said):  # as of most texts in English: what follows takes ten times as long
        return 0
    english = set(_WORD.findall(folded(in_english(text, tag))))
    return sum(word not in english for word in said)


def _read(text: str, speaker: Speaker) -> Wanted | None:
    with speaking(speaker.language):
        try:
            return read_wish(text, speaker)
        except BadInputError:
            return None
