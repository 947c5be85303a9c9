"""Lists of days, in six languages."""

from datetime import date

import pytest

from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.listed_days import read_listed
from appservice.conversation.understanding.text import Reading

TODAY = date(2026, 11, 30)


def listed(text: str, code: str) -> list[str]:
    found = read_listed(Reading(in_english(text, code)), TODAY, code)
    return [f"{each.first:%d.%m.}" if each.single else f"{each.first:%d.%m.}-{each.last:%d.%m.}" for each in found]


@pytest.mark.parametrize(
    ("code", "text", "days"),
    [
        ("en", "24. and 25. December", "24.12. 25.12."),
        ("en", "24, 26 and 31 December 2026", "24.12. 26.12. 31.12."),
        ("en", "December 24 and 26", "24.12. 26.12."),
        ("en", "24.12. and 26.12.", "24.12. 26.12."),
        ("en", "thursday 24 and friday 25 December", "24.12. 25.12."),
        ("en", "friday and monday", "04.12. 07.12."),
        ("en", "24.12. to 26.12. and 31.12.", "24.12.-26.12. 31.12."),
        ("en", "31.12., 24.12.", "24.12. 31.12."),
        ("de", "am 24. und 25. Dezember", "24.12. 25.12."),
        ("fr", "les 24 et 25 décembre", "24.12. 25.12."),
        ("es", "el 24 y el 25 de diciembre", "24.12. 25.12."),
        ("ms", "24 dan 25 Disember", "24.12. 25.12."),
        ("ar", "يوم 24 و25 ديسمبر", "24.12. 25.12."),
        ("en", "between 24.12. and 26.12.", ""),
        ("en", "24.12. - 26.12.", ""),
        ("en", "24.12.", ""),
        ("en", "24 and 25", ""),
        ("en", "24.12. and somebody", ""),
        ("en", "1. and " * 2000, ""),
    ],
)
def test_each_day_of_a_list_is_read(code: str, text: str, days: str) -> None:
    assert listed(text, code) == days.split()


def test_a_place_behind_the_list_stays() -> None:
    words = Reading("24.12. and 26.12. at Heart Centre")
    assert len(read_listed(words, TODAY, "en")) == 2
    assert words.rest.strip() == "at Heart Centre"
