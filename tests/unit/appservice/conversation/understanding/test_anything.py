"""Whatever is written, understanding it ends, and with nothing worse than a sentence for the person."""

import contextlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appservice.conversation.understanding.answers import read_pick, read_word
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.clock import read_hours
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.durations import read_lengths
from appservice.conversation.understanding.family import read_member
from appservice.conversation.understanding.languages import read_languages
from appservice.conversation.understanding.medication import read_medicine, read_prescription, read_repeats
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.wishes import Speaker, read_wish
from core.errors import UserError

TODAY = date(2026, 11, 23)
READERS: list[Callable[[str], Any]] = [
    read_pick,
    read_word,
    split_code,
    lambda text: read_hours(Reading(text)),
    lambda text: read_days(Reading(text), TODAY),
    lambda text: read_days(Reading(text), date(2027, 12, 31), "de", month_first=True, past=True),
    read_lengths,
    lambda text: read_member(text, TODAY),
    read_languages,
    read_medicine,
    read_prescription,
    read_repeats,
    lambda text: read_wish(text, Speaker(TODAY, "Asia/Kuala_Lumpur", "ar", ("Mia (the elder) Weber", "ليلى"))),
]
PIECES = st.sampled_from(
    "0 00 1 2 9 12 24 31 32 99 2026 9999 99999 . , : / - – h am pm uhr half past quarter to noon at after before from"
    " until between and in next last this week weekend month days mon tuesday nov november february under max max. < €"
    " $ RM eur km within of near around dr dr. for my daughter Mia speaks german female online asap 1e9 ² ½ ٣ ۲ 2️⃣"
    ' 🙂 👩‍⚕️ " ( ) [ * \\ \u200f mg ml tablets , x repeats K7QM3F'.split()
)
SENTENCES = st.builds(lambda pieces, gap: gap.join(pieces), st.lists(PIECES, max_size=12), st.sampled_from(["", " "]))


@settings(deadline=None)  # a library loads its list on the first look-up
@given(st.one_of(st.text(max_size=200), SENTENCES))
def test_nothing_but_a_sentence_is_raised(text: str) -> None:
    for read in READERS:
        with contextlib.suppress(UserError):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "1" * 100_000,
        "9:" * 50_000,
        "24.11." * 20_000,
        "near " * 20_000,
        "dr. " * 20_000,
        "next tuesday and " * 10_000,
        "under €" * 10_000,
        "the " * 25_000,
        " " * 100_000 + "dentist",
        "\u202e" * 100_000,
        "👩‍⚕️" * 20_000,
        "(" * 100_000,
        '"' * 100_000,
        "ß" * 100_000,
        "ﷺ" * 100_000,
        "a̐éö̲" * 20_000,
    ],
    ids=lambda text: f"{text[:8]!r}",
)
def test_a_huge_text_is_looked_at_briefly(text: str) -> None:
    for read in READERS:
        with contextlib.suppress(UserError):
            read(text)
