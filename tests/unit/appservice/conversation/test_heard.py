"""Commands and wishes in the person's own language; English always works beside it."""

import re
from dataclasses import replace
from datetime import date, time

import pytest
from babel.messages.pofile import read_po

from appservice.conversation.commands import basics  # noqa: F401  (declares all)
from appservice.conversation.registry import COMMANDS, find
from appservice.conversation.understanding.answers import read_word
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.kinds import take_kinds
from appservice.conversation.understanding.terms import (
    ABSENCE,
    BORN,
    CLOSING,
    CONTACTS,
    FORMS,
    HISTORY,
    HOLIDAYS,
    HOURS,
    LENGTHS,
    OFFERING,
    PAST,
    PRESCRIBING,
    REFERRING,
    REMOVING,
    RHYTHM,
    ROLES,
    SHARING,
    WHOLE,
    Term,
)
from appservice.conversation.understanding.text import Reading, folded
from appservice.conversation.understanding.wishes import Speaker, read_wish
from booking.directory.model import Mode
from booking.directory.reasons import emergency_in
from core.languages import DEFAULT, LOCALES, heard, speaking, spoken_languages
from records.access import SHAREABLE
from tests.unit.appservice.conversation.test_commands import ANNA, CLARA, OSEI, PAUL

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


def test_no_word_of_any_language_names_two_commands() -> None:
    """Who has chosen no language is heard in all of them: a word means the same whoever says it."""
    meant: dict[str, set[str]] = {}
    for each in COMMANDS:
        for word in (*each.words, *(folded(word) for code in OTHERS for word in each.spelt(code))):
            meant.setdefault(word, set()).add(each.words[0])
    # “start” alone greets, with a code it begins a visit; to those who chose German “Termine” are theirs, as “terminé”
    # is to those who chose French.
    known = {"start": {"hello", "start"}, "termine": {"appointments", "done"}}
    assert {word: commands for word, commands in meant.items() if len(commands) > 1} == known


_TERMS = (
    ABSENCE, BORN, CLOSING, CONTACTS, FORMS, HISTORY, HOLIDAYS, HOURS, LENGTHS, OFFERING, PAST, PRESCRIBING, REFERRING,
    REMOVING, RHYTHM, ROLES, SHARING, WHOLE,
)  # fmt: skip


@pytest.mark.parametrize("code", OTHERS)
def test_every_word_behind_a_command_is_heard_and_means_one_thing(code: str) -> None:
    assert [term for terms in _TERMS for term in terms if not heard(term[1], code)] == []
    for terms in _TERMS:
        meant: dict[str, str] = {}
        for english, words in terms:
            for spelt in heard(words, code):
                assert meant.setdefault(folded(spelt), english) == english, spelt


@pytest.mark.parametrize(
    ("code", "text", "terms", "english"),
    [
        ("de", "Rezepte mit @ama:x.org bis 1. März", SHARING, "prescriptions with @ama:x.org until 1. März"),
        ("fr", "ordonnances avec dr.osei jusqu'au 1 mai", SHARING, "prescriptions with dr.osei until 1 mai"),
        ("es", "recetas para Mia con @a:x.org hasta hoy", SHARING, "prescriptions for Mia with @a:x.org until hoy"),
        ("ms", "semua rekod dengan dr.osei", SHARING, "everything with dr.osei"),
        ("ar", "كل شيء مع dr.osei", SHARING, "everything with dr.osei"),
        ("de", "alle blockieren", CONTACTS, "all block"),
        ("fr", "autoriser @ama:x.org", CONTACTS, "allow @ama:x.org"),
        ("de", "24 Stunden und 1 Stunde vorher", LENGTHS, "24 hours und 1 hours vorher"),
        ("ar", "24 ساعة", LENGTHS, "24 hours"),
        ("es", "nunca", LENGTHS, "never"),
        ("fr", "Mia née le 4 mai 2018", BORN, "Mia born 4 mai 2018"),
        ("es", "K7QM3F cada 2 semanas 6 veces", RHYTHM, "K7QM3F every 2 weeks 6 times"),
        ("ms", "K7QM3F setiap 2 minggu 6 kali", RHYTHM, "K7QM3F every 2 weeks 6 times"),
        ("de", "K7QM3F @ines:x.org als Dolmetscherin", ROLES, "K7QM3F @ines:x.org als interpreter"),
        ("fr", "à la dermatologie, urgent", REFERRING, "to dermatologie, urgent"),
        ("de", "bis Freitag, Vertretung dr.weber", ABSENCE, "until Freitag, instead dr.weber"),
    ],
)  # fmt: skip
def test_what_follows_a_command_is_put_into_english(
    code: str, text: str, terms: tuple[Term, ...], english: str
) -> None:
    assert in_english(text, code, terms) == english


@pytest.mark.parametrize("code", OTHERS)
def test_every_kind_of_record_is_named_in_each_language(code: str) -> None:
    said = [words for english, words in SHARING if english not in {"with", "until", "for", "everything"}]
    found = {kind for words in said for kind in take_kinds(Reading(in_english(heard(words, code)[0], code, SHARING)))}
    assert found == SHAREABLE


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
        ("es", "¿qué puedes hacer?", "help", ""),
        ("es", "historial", "history", ""),
        ("ms", "batalkan K7QM3F", "cancel", "K7QM3F"),
        ("ar", "إلغاء K7QM3F", "cancel", "K7QM3F"),
        ("ar", "إِلغاء K7QM3F", "cancel", "K7QM3F"),
        ("ar", "مواعيدي", "appointments", ""),
        ("ar", "السبب K7QM3F: ألم", "reason", "K7QM3F: ألم"),
        ("de", "teilen Rezepte mit dr.osei", "share", "Rezepte mit dr.osei"),
        ("de", "nicht mehr teilen", "stop sharing", ""),
        ("de", "vergiss mich", "forget me", ""),
        ("de", "meine Daten löschen", "forget me", ""),
        ("de", "meine Daten", "export", ""),
        ("fr", "oublie-moi", "forget me", ""),
        ("es", "olvídame", "forget me", ""),
        ("ms", "lupakan saya", "forget me", ""),
        ("ar", "انسني", "forget me", ""),
        ("fr", "contacts bloquer tout le monde", "contacts", "bloquer tout le monde"),
        ("ms", "kongsi preskripsi dengan dr.osei", "share", "preskripsi dengan dr.osei"),
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
    ("code", "text", "command", "rest"),
    [
        ("de", "Sprechzeiten dr.osei Mo-Fr 9-18", "hours", "dr.osei Mo-Fr 9-18"),
        ("de", "Leistung hinzufügen dr.osei", "add service", "dr.osei"),
        ("fr", "Congés dr.osei 24.12.", "time off", "dr.osei 24.12."),
        ("fr", "jours de fermeture", "closed days", ""),
        ("es", "Reglas", "rules", ""),
        ("es", "informe noviembre", "report", "noviembre"),
        ("ms", "cuti umum", "holidays", ""),
        ("ms", "cuti dr.osei", "time off", "dr.osei"),
        ("ar", "استرداد K7QM3F كله", "refund", "K7QM3F كله"),
        ("ar", "حجز إضافي dr.osei", "overbook", "dr.osei"),
    ],
)
def test_what_runs_a_centre_is_found_in_the_admin_s_language(code: str, text: str, command: str, rest: str) -> None:
    found = find(text, replace(CLARA, language=code))
    assert found
    assert (found[0].words[0], found[1]) == (command, rest)
    assert find(text, replace(ANNA, language=code)) is None or command == "overbook"


@pytest.mark.parametrize("code", OTHERS)
def test_the_word_that_help_shows_is_the_command_itself(code: str) -> None:
    """And no English word with something behind it."""
    everybody = replace(PAUL, language=code, practitioner_id=OSEI.practitioner_id, administers=CLARA.administers)
    found = {each.shown(code): find(each.shown(code), everybody) for each in COMMANDS if each.heard}
    assert [word for word, each in found.items() if each is None or each[1]] == []


def test_what_stands_in_quotes_is_a_name_and_no_words() -> None:
    text = 'dr.osei "Erstbesuch nach Unfall" 5 Minuten nach, kostenlos'
    assert in_english(text, "de", OFFERING) == 'dr.osei "Erstbesuch nach Unfall" 5 minutes after, free'


_EVERYTHING = replace(PAUL, practitioner_id=OSEI.practitioner_id, administers=CLARA.administers, verified=True)
_CALENDARS = "calendar"
"""What can be chosen of them is said in English, so that its examples are English from the first word on."""


@pytest.mark.parametrize("code", OTHERS)
def test_what_a_sentence_tells_to_write_begins_with_the_word_of_its_language(code: str) -> None:
    with (LOCALES / code / "LC_MESSAGES" / "careconnect.po").open("rb") as written:
        catalogue = read_po(written, locale=code)
    english = []
    for message in catalogue:
        said = message.id if isinstance(message.id, str) else "".join(message.id)
        for example in re.findall(r"“([^”]+)”", said):
            found = find(example, _EVERYTHING)
            if found is None or not found[0].heard or found[0].words[0] == _CALENDARS:
                continue
            words = next((each for each in found[0].words if folded(example).startswith(each)), None)
            if words is None:
                continue
            forms = [message.string] if isinstance(message.string, str) else message.string
            shown = any(re.search(rf"[“„«]\s?{re.escape(words)}(?=[\s”“»])", form) for form in forms)
            if shown and words not in map(folded, found[0].spelt(code)):
                english.append(example)
    assert english == []


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
    ("text", "tag"),
    [
        ("douleur à la poitrine", "fr"),
        ("je n'arrive plus à respirer", "fr"),
        ("dolor en el pecho", "es"),
        ("no puedo respirar", "es"),
        ("sakit dada", "ms"),
        ("sukar bernafas", "ms"),
        ("ألم في الصدر", "ar"),
        ("نوبة قلبية", "ar"),
        ("لا أستطيع التنفس", "ar"),
        ("Brustschmerzen", "de"),
        ("heart attack", "en"),
        ("es una emergencia", "es"),
        ("Notarzt bitte", "de"),
        ("112", "en"),
    ],
)
def test_an_emergency_is_heard_in_each_language(text: str, tag: str) -> None:
    assert emergency_in(text) == tag


def test_answers_are_no_commands() -> None:
    assert read_word("ja") == "yes"
    assert find("ja", replace(ANNA, language="de")) is None
