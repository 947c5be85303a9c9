"""Text as people write it, made plain: one kind of space, quote and dash, and nothing invisible."""

import re
import unicodedata

from core.errors import BadInputError

LONGEST = 2000
"""Letters of a message that are looked at; no sentence that means something to a booking is longer."""

_ALIKE = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "´": "'",
        "`": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "−": "-",
    }
)
_VARIATION = re.compile("[\ufe00-\ufe0f\u20e3]")
_SPACES = re.compile(r"\s+")
_MINUS = re.compile(r"(?<![^\s,;:|(])-$")
"""At the end of what stands before a number: a sign, with nothing before it that it could join to the number."""


def plain(text: str, limit: int = LONGEST) -> str:
    """Return the text in compatibility form, on one line, without marks that nobody sees (direction, joiners)."""
    if text.isascii() and text.isprintable():  # nothing of the rest is there
        return _SPACES.sub(" ", text[: limit * 2].replace("`", "'")).strip()[:limit]
    text = unicodedata.normalize("NFKC", text[: limit * 2])
    text = _VARIATION.sub("", text.translate(_ALIKE))
    kept = "".join(" " if character.isspace() else character for character in text if _seen(character))
    return _SPACES.sub(" ", kept).strip()[:limit]


def _seen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in {"Cf", "Cc", "Cs", "Co"}


def folded(text: str) -> str:
    """Return what two spellings of the same words have in common: no capitals, no accents."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in spread if not unicodedata.combining(character))


def refuse_less_than_nothing(text: str, amount: re.Match[str]) -> None:
    """Raise BadInputError if a minus sign stands before the number of what was found; a dash between two is none."""
    number = re.search(r"\d", amount[0])
    if number and _MINUS.search(text[: amount.start() + number.start()]):
        said = f"-{amount[0][number.start() :].strip()}"
        raise BadInputError("Less than nothing cannot be: {said}. Write it without the minus sign.", said=said)


class Reading:
    """A text from which one reader after another takes what it understands."""

    GAP = " | "

    def __init__(self, text: str) -> None:
        self.rest = plain(text)
        """What nobody has understood yet; a bar stands where something was taken, so that no new phrase comes up."""

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take the first match away and return it."""
        found = pattern.search(self.rest)
        if found:
            self.cut(found.start(), found.end())
        return found

    def take_amount(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The same for so many of something. Raises BadInputError for less than nothing, which is not its opposite."""
        found = pattern.search(self.rest)
        if found:
            refuse_less_than_nothing(self.rest, found)
            self.cut(found.start(), found.end())
        return found

    def cut(self, start: int, end: int) -> None:
        """Take away what stands from `start` to `end`."""
        self.rest = self.rest[:start] + self.GAP + self.rest[end:]

    def words(self) -> list[str]:
        """The words that are left."""
        return [word for word in re.split(r"[\s|,;!?]+", self.rest) if word.strip(".-'\"")]
