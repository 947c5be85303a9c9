"""Commands and wishes in the person's own language; English always works beside it."""

from dataclasses import replace
from datetime import date, time

import pytest

from appservice.conversation.commands import basics  # noqa: F401  (declares all)
from appservice.conversation.registry import COMMANDS, find
from appservice.conversation.understanding.answers import read_word
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.text import folded
from appservice.conversation.understanding.wishes import Speaker, read_wish
from booking.directory.model import Mode
from booking.directory.reasons import is_emergency
from core.languages import DEFAULT, speaking, spoken_languages
from tests.unit.appservice.conversation.test_commands import ANNA

OTHERS = sorted(spoken_languages() - {DEFAULT})
TODAY = date(2026, 11, 30)
_ENGLISH = {word: each for each in COMMANDS for word in each.words}


@pytest.mark.parametrize("code", OTHERS)
def test_no_word_of_a_language_means_another_command_in_english_or_in_itself(code: str) -> None:
    meant: dict[str, str] = {}
    for each in COMMANDS:
        for word in each.spelt(code):
            english = _ENGLISH.get(folded(word))
            assert english is None or english.words == each.words, word
            # A patient's and a doctor's word may be the same; one person's may not.
            other = meant.setdefault(folded(word), each.words[0])
            assert other == each.words[0], word


@pytest.mark.parametrize("code", OTHERS)
def test_every_everyday_command_is_heard(code: str) -> None:
    silent = [each.words[0] for each in COMMANDS if each.heard and not each.spelt(code)]
    assert silent == []
    assert len([each for each in COMMANDS if each.heard]) >= 40


@pytest.mark.parametrize(
    ("code", "text", "command", "rest"),
    [
        ("de", "Termine", "appointments", ""),
        ("de", "absagen K7QM3F", "cancel", "K7QM3F"),
        ("de", "verschieben K7QM3F auf morgen", "move", "K7QM3F auf morgen"),
        ("de", "Hilfe", "help", ""),
        ("de", "appointments", "appointments", ""),
        ("fr", "Mes rendez-vous", "appointments", ""),
        ("fr", "Annuler K7QM3F", "cancel", "K7QM3F"),
        ("es", "cancelar K7QM3F", "cancel", "K7QM3F"),
        ("es", "¿qué puedes hacer", "", ""),
        ("es", "historial", "history", ""),
        ("ms", "batalkan K7QM3F", "cancel", "K7QM3F"),
        ("ar", "إلغاء K7QM3F", "cancel", "K7QM3F"),
        ("ar", "إِلغاء K7QM3F", "cancel", "K7QM3F"),
        ("ar", "مواعيدي", "appointments", ""),
        ("ar", "السبب K7QM3F: ألم", "reason", "K7QM3F: ألم"),
        # Who has chosen no language yet is heard all the same.
        ("en", "Hilfe", "help", ""),
        ("en", "langue français", "language", "français"),
        ("en", "مساعدة", "help", ""),
    ],
)
def test_a_command_is_found_in_the_persons_language(code: str, text: str, command: str, rest: str) -> None:
    found = find(text, replace(ANNA, language=code))
    assert (found[0].words[0], found[1]) == (command, rest) if found else command == ""


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Kardiologe in Berlin morgen nach 17 Uhr unter 60 Euro, online"),
        ("fr", "cardiologue à Berlin demain après 17h, moins de 60 euros, en ligne"),
        ("es", "cardiólogo en Berlín mañana después de las 17:00 por menos de 60 euros, en línea"),
        ("ms", "pakar jantung di Berlin esok selepas 17:00 bawah 60 euro dalam talian"),
        ("ar", "طبيب قلب في برلين غدًا بعد الساعة 17:00 بأقل من 60 يورو عبر الإنترنت"),
    ],
)
def test_a_wish_is_understood_in_the_persons_language(code: str, text: str) -> None:
    with speaking(code):
        wanted = read_wish(text, Speaker(TODAY, "Europe/Berlin", code))
    assert wanted.specialty == "cardiology"
    assert wanted.place is not None
    assert wanted.place.name == "Berlin"
    assert wanted.days is not None
    assert wanted.days.single == date(2026, 12, 1)
    assert wanted.hours is not None
    assert wanted.hours.after == time(17)
    assert wanted.max_price is not None
    assert wanted.max_price.amount == 6000
    assert wanted.mode is Mode.ONLINE


@pytest.mark.parametrize(
    ("code", "text", "specialty"),
    [
        ("de", "Hautärztin in München nächste Woche", "dermatology"),
        ("fr", "j'ai besoin d'un dentiste près de Berlin", "dentistry"),
        ("es", "necesito una pediatra cerca de Berlín", "paediatrics"),
        ("ms", "saya perlukan doktor gigi dekat Berlin", "dentistry"),
        ("ar", "أحتاج طبيب أسنان قرب برلين", "dentistry"),
        ("ar", "طبيبة جلدية في برلين", "dermatology"),
    ],
)
def test_doctors_are_named_as_people_name_them(code: str, text: str, specialty: str) -> None:
    with speaking(code):
        wanted = read_wish(text, Speaker(TODAY, "Europe/Berlin", code))
    assert wanted.specialty == specialty
    assert wanted.place is not None


@pytest.mark.parametrize("code", OTHERS)
def test_the_word_that_help_shows_is_no_answer_to_a_question(code: str) -> None:
    """Who writes it alone means the command, whatever was asked before; with a code behind it there is no doubt."""
    alone = [each for each in COMMANDS if each.heard and not (each.usage and not each.usage.startswith("["))]
    assert [each.shown(code) for each in alone if read_word(each.shown(code))] == []


@pytest.mark.parametrize("code", OTHERS)
def test_english_is_understood_whatever_the_language(code: str) -> None:
    text = "female cardiologist near Berlin tomorrow after 5pm under 60, in English"
    with speaking(code):
        wanted = read_wish(text, Speaker(TODAY, "Europe/Berlin", code))
    assert wanted == read_wish(text, Speaker(TODAY, "Europe/Berlin"))


def test_a_gloss_leaves_names_codes_and_addresses_alone() -> None:
    assert in_english("dr.morgen morgen", "de") == "dr.morgen tomorrow"
    assert in_english("@heute:example.org heute", "de") == "@heute:example.org today"
    assert in_english("morgen, nach 5", "de") == "tomorrow, after 5"
    assert in_english("morgen", "en") == "morgen"


@pytest.mark.parametrize(
    "text",
    [
        "douleur à la poitrine",
        "je n'arrive plus à respirer",
        "dolor en el pecho",
        "no puedo respirar",
        "sakit dada",
        "sukar bernafas",
        "ألم في الصدر",
        "نوبة قلبية",
        "لا أستطيع التنفس",
        "Brustschmerzen",
    ],
)
def test_an_emergency_is_heard_in_each_language(text: str) -> None:
    assert is_emergency(text)


def test_answers_are_no_commands() -> None:
    assert read_word("ja") == "yes"
    assert find("ja", replace(ANNA, language="de")) is None
