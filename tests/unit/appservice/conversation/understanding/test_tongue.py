"""In which language somebody writes: by whole wishes, never by a word that several languages have."""

from datetime import date

import pytest

from appservice.conversation.understanding.tongue import tongue_of, words_of
from appservice.conversation.understanding.wishes import Speaker

SPEAKER = Speaker(date(2026, 11, 30), "Europe/Berlin", "en", (), None)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("ich hätte gern einen Termin beim Hautarzt in München nächste Woche", "de"),
        ("Kinderarzt für meine Tochter heute nachmittag in Köln", "de"),
        ("je cherche un dentiste à Paris demain", "fr"),
        ("il me faut un dermatologue près de Lyon cette semaine", "fr"),
        ("j'ai besoin d'un médecin généraliste aujourd'hui", "fr"),
        ("quiero una cita con un dentista en Madrid el lunes", "es"),
        ("me gustaría una cita con el oculista", "es"),
        ("أبحث عن طبيب أطفال لابنتي غدا في برلين", "ar"),
        ("nak buat temu janji dengan pakar kulit esok pagi", "ms"),
    ],
)
def test_a_whole_wish_tells_its_language(text: str, tag: str) -> None:
    assert tongue_of(text, SPEAKER) == tag


@pytest.mark.parametrize(
    "text",
    [
        "cardiologist near Berlin tomorrow under 60",
        "I would like an appointment with a dentist in Munich on Monday morning, please",
        "Hautarzt Berlin",  # what is on every door there
        "dentist in Köln morgen",  # one word may be a slip
        "pain in my chest since this morning, who can help",
        "gynaecologist who speaks German, in the evening",
        "morgen",
        "gracias",
        "1",
        "👍",
        "",
    ],
)
def test_english_and_single_words_tell_nothing(text: str) -> None:
    assert tongue_of(text, SPEAKER) is None


def test_words_of_a_language_are_those_that_english_does_not_have() -> None:
    assert words_of("cardiologist in Berlin after tomorrow", "de") == 0
    assert words_of("Kardiologe übermorgen in Berlin", "de") == 1
    assert words_of("nächste Woche", "fr") == 0


def test_only_the_beginning_is_looked_at_however_long_a_text_is() -> None:
    assert words_of("morgen " * 30_000, "de") == words_of("morgen " * 100, "de")
    assert words_of("word " * 100 + "morgen", "de") == 0
