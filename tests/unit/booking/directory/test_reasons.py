"""What a visit is for is found by the words that people use, and what must not wait is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.directory.names import signs, trigrams
from booking.directory.reasons import REASONS, emergency_in, needs_presence, reason_in
from booking.directory.specialties import SPECIALTIES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("skin check", "skin-check"),
        ("I want a flu shot", "vaccination"),
        ("EKG", "ecg"),
        ("my back hurts", "back-pain"),
        ("birth control", "contraception"),
        ("contraceptoin", "contraception"),
        ("Rückenschmerzen", "back-pain"),
    ],
)
def test_a_reason_is_found_by_everyday_words(text: str, code: str) -> None:
    found = reason_in(text)
    assert found
    assert found.code == code


@pytest.mark.parametrize("text", ["", "cardiologist near Berlin tomorrow", "hello", "🤕", "x" * 100_000])
def test_nothing_else_is_taken_for_a_reason(text: str) -> None:
    assert reason_in(text) is None


def test_each_reason_is_found_by_its_own_name_and_belongs_to_specialties_that_there_are() -> None:
    for reason in REASONS.values():
        found = reason_in(reason.label)
        assert found
        assert found.code == reason.code
        assert set(reason.specialties) <= set(SPECIALTIES)


def test_some_reasons_need_a_visit_in_person() -> None:
    assert needs_presence("ecg")
    assert not needs_presence("contraception")
    assert not needs_presence(None)
    assert not needs_presence("one that is no longer listed")


@pytest.mark.parametrize(
    "text", ["chest pain now", "I can't breathe", "CHEST PAIN!", "my father is unconscious", "Atemnot"]
)
def test_what_must_not_wait_is_noticed(text: str) -> None:
    assert emergency_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "i don't want to live any more",
        "thinking about ending it, i will end my life",
        "Ich will nicht mehr leben",
        "ich möchte sterben",
        "je veux mourir",
        "je ne veux plus vivre",
        "quiero morir",
        "no quiero vivir",
        "saya mahu mati",
        "tak nak hidup lagi",
        "أريد أن أموت",
        "لا أريد أن أعيش",
    ],
)
def test_who_does_not_want_to_live_is_heard_in_each_language(text: str) -> None:
    assert emergency_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "i am dying to see you",
        "der Hund lebt nicht mehr hier",
        "heart doctor",
        "back pain",
        "breathing test",
        "tomorrow",
    ],
)
def test_what_can_wait_is_no_emergency(text: str) -> None:
    assert emergency_in(text) is None


@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_lookups(text: str) -> None:
    reason_in(text)
    emergency_in(text)
    assert set(signs(text)) <= set(trigrams(text))
