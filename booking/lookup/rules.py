"""What is the same name. Pure."""

import re
import unicodedata

FORM = "name 1"
"""The name of this normal form: another one is another index. A frozen example is in the tests."""
_BETWEEN = re.compile(r"[\W_]+")


def normal(name: str) -> str:
    """What spellings of a name have in common: no capitals, accents or punctuation, the words in alphabetical order."""
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(sorted(word for word in _BETWEEN.split(bare) if word))
