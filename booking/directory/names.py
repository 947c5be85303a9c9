"""Names of doctors and centres, as they are looked up: by their trigrams first, which an index has. Pure."""

from rapidfuzz import fuzz

from booking.directory.specialties import folded

_TITLES = frozenset({"dr", "prof", "doctor", "doktor", "dra", "drs", "med", "the"})
_LONGEST = 120
CLOSE = 74.0
"""From this score of names_match on, a text may mean a name."""


def words_of(name: str) -> list[str]:
    """Return the words of a name, folded, without titles."""
    return [word for word in folded(name[:_LONGEST]).split() if word not in _TITLES]


def trigrams(name: str) -> list[str]:
    """Return each three letters that follow one another in a word of a name, with a space at either end of the word.

    Whoever types the name with an error still has some of them in common.
    """
    padded = (f" {word} " for word in words_of(name))
    return sorted({word[n : n + 3] for word in padded for n in range(len(word) - 2)})


def signs(name: str) -> list[str]:
    """Return the first, the middle and the last trigram of each word: an error or two leave one of them whole."""
    padded = (f" {word} " for word in words_of(name))
    return sorted({word[n : n + 3] for word in padded for n in (0, (len(word) - 3) // 2, len(word) - 3)})


def names_match(text: str, name: str, slug: str) -> float:
    """Say how well a text names something, from 0 to 100."""
    wanted = folded(text)
    if wanted in {folded(slug), folded(name)}:
        return 100.0
    words, known = words_of(text), words_of(name)
    if not words or not known:
        return 0.0
    # Each word that was written must be one of the name's, nearly; a short one exactly.
    best = [
        max(fuzz.ratio(word, each) if len(word) > 3 else 100.0 * (word == each) for each in known) for word in words
    ]
    return min(best) * 0.99
