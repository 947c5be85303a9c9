"""What a script finds in the words of the bot, as a person would: choices, codes, addresses."""

import re

_CHOICE = re.compile(r"^\W*(\d+)[.)]\s", re.MULTILINE)
_CODE = re.compile(r"\b(?=[0-9A-Z]*\d)[0-9A-HJKMNP-TV-Z]{6}\b|(?<=Visit )[0-9A-HJKMNP-TV-Z]{6}\b")
_ADDRESS = re.compile(r"https?://[^\s)>\]\"]+")


def choices(text: str) -> dict[int, str]:
    """Return the numbered choices of a list, each with all its words."""
    parts = _CHOICE.split(text)
    return {int(number): words for number, words in zip(parts[1::2], parts[2::2], strict=True)}


def choice_of(text: str, words: str) -> int | None:
    """Return the number of the first choice that has these words."""
    return next((number for number, said in choices(text).items() if words in said), None)


def time_in(text: str) -> int:
    """Return the number of the second time of a list, if it has two.

    The first may be too close to be booked by when the answer is heard: a doctor is not to be surprised.
    """
    return 2 if 2 in choices(text) else 1


def code_in(text: str) -> str | None:
    """Return the first code of a visit."""
    found = _CODE.search(text)
    return found[0] if found else None


def address_in(text: str, part: str) -> str | None:
    """Return the first web address that has this part."""
    return next((address for address in _ADDRESS.findall(text) if part in address), None)
