"""The same talks in other languages: what is said, dates, prices and plurals; answers in the person's own words."""

import re

import pytest

from core.languages import DEFAULT, spoken_languages
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI

_YES = {"ar": "نعم", "de": "ja", "es": "sí", "fr": "oui", "ms": "ya"}
_NO = {"ar": "لا", "de": "nein", "es": "no", "fr": "non", "ms": "tidak"}
_CANCEL = {"ar": "إلغاء", "de": "absagen", "es": "cancelar", "fr": "annuler", "ms": "batalkan"}
_WISH = {
    "ar": "طبيب قلب قرب برلين غدا أقل من 60",
    "de": "Kardiologe in Berlin morgen unter 60",
    "es": "cardiólogo cerca de Berlín mañana menos de 60",
    "fr": "cardiologue près de Berlin demain moins de 60",
    "ms": "pakar jantung dekat Berlin esok bawah 60",
}
"""As the greeting has it."""
_APPOINTMENTS = {"ar": "مواعيدي", "de": "Termine", "es": "mis citas", "fr": "mes rendez-vous", "ms": "temu janji"}
_LANGUAGE = {
    "ar": "اللغة العربية",
    "de": "Sprache Deutsch",
    "es": "idioma español",
    "fr": "langue français",
    "ms": "bahasa Melayu",
}
_FORGET = {"ar": "انسني", "de": "vergiss mich", "es": "olvídame", "fr": "oublie-moi", "ms": "lupakan saya"}
_SURE = {
    "ar": "انسني إلى الأبد",
    "de": "vergiss mich für immer",
    "es": "olvídame para siempre",
    "fr": "oublie-moi pour toujours",
    "ms": "lupakan saya selamanya",
}
_SENTENCE = {
    "ar": "أريد طبيب قلب في برلين غدا",
    "de": "ich brauche morgen einen Kardiologen in Berlin",
    "es": "necesito un cardiólogo en Berlín mañana",
    "fr": "je voudrais un rendez-vous chez le cardiologue à Berlin lundi matin",
    "ms": "saya mahu jumpa doktor jantung di Berlin esok",
}
_NAMES = {"ar": "العربية", "de": "Deutsch", "es": "español", "fr": "français", "ms": "Melayu"}


_GREETING = {"ar": "السلام عليكم", "de": "Guten Tag", "es": "¡Hola!", "fr": "Bonjour", "ms": "Selamat pagi"}


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_who_has_chosen_no_language_is_greeted_in_theirs_and_asked_whether_to_go_on_in_it(
    chat: Chat, code: str
) -> None:
    greeted = await chat.say(ANNA, _GREETING[code])
    assert _WISH[code] in greeted
    assert "Shall I" not in greeted
    assert _NAMES[code].casefold() in (await chat.say(ANNA, _YES[code])).casefold()
    assert "Clinics see you" not in await chat.say(ANNA, "name")
    for greeting in _GREETING.values():  # what was chosen holds
        assert _WISH[code] in await chat.say(ANNA, greeting)


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_who_does_not_want_to_go_on_in_it_is_answered_in_english_whatever_they_write(
    chat: Chat, code: str
) -> None:
    await chat.say(ANNA, _GREETING[code])
    assert "Nothing has changed" in await chat.say(ANNA, _NO[code])
    for said in (_SENTENCE[code], _GREETING[code], "name"):
        await chat.say(ANNA, said)
        assert "Clinics see you" in await chat.say(ANNA, "name")


@pytest.mark.parametrize("greeted", [True, False])
@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_who_goes_on_in_their_language_is_answered_in_it(chat: Chat, code: str, *, greeted: bool) -> None:
    if greeted:
        await chat.say(ANNA, _GREETING[code])
    offers = await chat.say(ANNA, _SENTENCE[code])
    assert "Dr Ama Osei" in offers
    assert "Answer with" not in offers
    assert "Dr Ama Osei" in await chat.say(ANNA, "1")
    assert "Clinics see you" not in await chat.say(ANNA, "name")


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_a_command_after_a_greeting_is_answered_in_its_language(chat: Chat, code: str) -> None:
    english = await chat.say(ANNA, "appointments")
    await chat.say(ANNA, _GREETING[code])
    assert await chat.say(ANNA, _APPOINTMENTS[code]) != english
    assert "Clinics see you" not in await chat.say(ANNA, "name")


async def test_who_greets_in_one_language_and_goes_on_in_english_is_answered_in_english(chat: Chat) -> None:
    await chat.say(ANNA, "Hola")
    assert "Answer with a number" in await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    assert "You have no visits" in await chat.say(ANNA, "appointments")


async def test_a_note_in_another_language_is_not_a_choice_of_it(chat: Chat) -> None:
    visit = await book(chat)
    assert "What is to be noted?" in await chat.say(OSEI, f"note {visit}")
    assert "once the visit has begun" in await chat.say(OSEI, "necesito un cardiólogo en Berlín mañana")
    assert "Clinics see you" in await chat.say(OSEI, "!name")


async def test_an_answer_to_a_patient_in_their_language_is_not_a_choice_of_it(chat: Chat) -> None:
    visit = await book(chat)
    await chat.say(ANNA, f"ask {visit} ¿puedo comer antes?")
    (asked,) = (await chat.notices())[OSEI]
    assert "Answered" in await chat.reply(OSEI, "necesita un cardiólogo en Berlín mañana por la tarde", asked)
    assert "Clinics see you" in await chat.say(OSEI, "name")


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_a_visit_is_booked_and_cancelled_in_the_person_s_language(chat: Chat, code: str) -> None:
    assert _NAMES[code].casefold() in (await chat.say(ANNA, _LANGUAGE[code])).casefold()
    assert _WISH[code] in await chat.say(ANNA, "hello")
    offers = await chat.say(ANNA, _WISH[code])
    assert "Dr Ama Osei" in offers
    assert "Answer" not in offers
    assert "speaks" not in offers
    await chat.say(ANNA, "1")
    said = await chat.say(ANNA, "1")
    told = (await chat.notices())[ANNA]
    assert "Confirmed" not in said + told[0].text
    visit = re.search(r"\b(?=[A-Z]*[0-9])[0-9A-Z]{6}\b", told[0].text)[0]  # type: ignore[index]
    assert f"move {visit}" not in told[0].text
    assert visit in await chat.say(ANNA, _APPOINTMENTS[code])
    asked = await chat.say(ANNA, f"{_CANCEL[code]} {visit}")
    assert "Cancel this visit" not in asked
    assert "Nothing has changed" not in await chat.say(ANNA, _NO[code])
    await chat.say(ANNA, f"cancel {visit}")
    done = await chat.say(ANNA, _YES[code])
    assert "Cancelled" not in done
    assert visit in done
    news = (await chat.notices())[CLARA]
    assert any("Cancelled for Anna" in each.text for each in news)  # each in their own language


async def test_dates_prices_and_plurals_are_german(chat: Chat) -> None:
    await chat.say(ANNA, "language German")
    offers = await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    assert "48,00\N{NO-BREAK SPACE}€" in offers
    assert "Di., 1. Dez." in offers
    times = await chat.say(ANNA, "1")
    assert "30 Minuten" in times
    assert await chat.say(ANNA, "mehr") != times


async def test_a_refusal_is_in_the_person_s_language(chat: Chat) -> None:
    await chat.say(ANNA, "language German")
    refused = await chat.say(ANNA, "cancel ZZ9ZZ9")
    await chat.say(ANNA, "language English")
    assert refused != await chat.say(ANNA, "cancel ZZ9ZZ9")


async def test_records_are_shared_and_closed_in_german(chat: Chat) -> None:
    await chat.say(ANNA, "Sprache Deutsch")
    asked = await chat.say(ANNA, "teilen Rezepte und Allergien mit @neu:example.org bis 1. März")
    assert "1. März" in asked
    assert "Rezepte" in asked
    assert "@neu:example.org" in await chat.say(ANNA, "ja")
    assert "@neu:example.org" in await chat.say(ANNA, "freigaben")
    closed = await chat.say(ANNA, "nicht mehr teilen Rezepte mit @neu:example.org")
    assert "Rezepte" in closed
    assert "Allergien" not in closed


@pytest.mark.parametrize(
    ("code", "allergy", "none", "quiet", "blocked"),
    [
        ("de", "Allergien keine", "Allergien", "Ruhe aus", "Kontakte alle blockieren"),
        ("fr", "allergies aucune", "allergies", "silence désactiver", "contacts bloquer tout le monde"),
        ("es", "alergias ninguna", "alergias", "silencio apagar", "contactos bloquear todos"),
        ("ms", "alahan tiada", "alahan", "senyap tutup", "kenalan sekat semua"),
        ("ar", "الحساسية لا شيء", "الحساسية", "هدوء إيقاف", "الاتصالات حظر الجميع"),
    ],
    ids=["de", "fr", "es", "ms", "ar"],
)
async def test_what_patients_set_is_heard_with_its_words(
    chat: Chat, code: str, allergy: str, none: str, quiet: str, blocked: str
) -> None:
    await chat.say(ANNA, "allergies none")
    await chat.say(ANNA, "contacts block all")
    await chat.say(ANNA, _LANGUAGE[code])
    as_english = [await chat.say(ANNA, each) for each in ("allergies", "quiet", "contacts")]
    await chat.say(ANNA, "allergies nuts")
    await chat.say(ANNA, "quiet 22:00-7:00")
    await chat.say(ANNA, "contacts allow all")
    assert [await chat.say(ANNA, each) for each in (allergy, quiet, blocked)] == as_english
    assert await chat.say(ANNA, none) == as_english[0]


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_the_example_of_sharing_can_be_written_as_it_is_shown(chat: Chat, code: str) -> None:
    await chat.say(ANNA, _LANGUAGE[code])
    shown = (await chat.say(ANNA, "share")).splitlines()[0].partition(": ")[2]
    assert "share" not in shown
    asked = await chat.say(ANNA, shown)
    assert "@ama:example.org" in asked
    assert "2027" in asked
    assert "@ama:example.org" in await chat.say(ANNA, _YES[code])


@pytest.mark.parametrize("code", sorted(spoken_languages() - {DEFAULT}))
async def test_forgetting_takes_its_sentence_in_the_person_s_language(chat: Chat, code: str) -> None:
    await chat.say(ANNA, _LANGUAGE[code])
    before = await chat.person(ANNA)
    told = await chat.say(ANNA, _FORGET[code])
    assert _SURE[code] in told
    await chat.say(ANNA, _SURE[code].rpartition(" ")[0])  # not the whole of it
    assert (await chat.person(ANNA)).id == before.id
    await chat.say(ANNA, _FORGET[code])
    await chat.say(ANNA, _SURE[code])
    assert (await chat.person(ANNA)).id != before.id


async def test_a_centre_is_run_in_german(chat: Chat) -> None:
    await chat.say(CLARA, "Sprache Deutsch")
    await chat.say(CLARA, "Sprechzeiten dr.osei Mo-Fr 8-16 Uhr, Pause 12 bis 13 Uhr")
    assert "08:00-12:00, 13:00-16:00" in await chat.say(CLARA, "Sprechzeiten dr.osei")
    await chat.say(CLARA, "Urlaub dr.osei 24.12. bis 26.12.")
    assert "24. Dez." in await chat.say(CLARA, "Urlaub dr.osei")
    await chat.say(CLARA, "Urlaub dr.osei entfernen 24.12. bis 26.12.")
    assert "24. Dez." not in await chat.say(CLARA, "Urlaub dr.osei")
    await chat.say(CLARA, 'Leistung hinzufügen dr.osei "Besuch nach Unfall" 40 Minuten 70 vor Ort, am Empfang')
    offered = await chat.say(CLARA, "Leistungen dr.osei")
    assert "Besuch nach Unfall" in offered
    assert "70,00" in offered
    assert "DOCTOR" not in await chat.say(CLARA, "Hilfe Sprechzeiten")


async def test_a_family_is_listed_in_german(chat: Chat) -> None:
    await chat.say(ANNA, "Sprache Deutsch")
    await chat.say(ANNA, "Kind hinzufügen Mia 4.5.2018")
    assert "Mia, geboren am 4. Mai 2018" in await chat.say(ANNA, "Familie")


async def test_two_numbers_are_asked_again_and_so_is_neither_yes_nor_no(chat: Chat) -> None:
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    assert "answer with one number from 1 to 2" in await chat.say(ANNA, "1, 2")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    told = (await chat.notices())[ANNA][0].text
    visit = re.search(r"“move (\w{6})”", told)
    assert visit
    await chat.say(ANNA, f"cancel {visit[1]}")
    assert "Answer yes or no" in await chat.say(ANNA, "hmmm")
    assert "Nothing has changed" in await chat.say(ANNA, "no")


async def test_time_off_is_named_in_spanish(chat: Chat) -> None:
    await chat.say(CLARA, "idioma español")
    await chat.say(CLARA, "vacaciones dr.osei del 24.12. al 26.12.")
    assert "24 dic" in await chat.say(CLARA, "vacaciones dr.osei")


async def test_who_has_chosen_no_language_may_answer_a_list_in_another(chat: Chat) -> None:
    await chat.say(ANNA, "necesito un cardiólogo en berlin")
    assert "Fri 4 Dec" in await chat.say(ANNA, "el viernes")
    assert "cheapest" not in await chat.say(ANNA, "le vendredi après-midi")
    times = await chat.say(ANNA, "1")
    assert "1. 12:00" in times
    assert "1. 10:00" in await chat.say(ANNA, "a las 10")
    assert "Thu 3 Dec" in await chat.say(ANNA, "jeudi matin")
    assert "I did not understand" in await chat.say(ANNA, "nobody cares, what is this")
