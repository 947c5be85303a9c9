"""The same talks in other languages: what is said, dates, prices and plurals; answers in the person's own words."""

import re

import pytest

from core.languages import DEFAULT, spoken_languages
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.booking.clinic import ANNA, CLARA

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
_NAMES = {"ar": "العربية", "de": "Deutsch", "es": "español", "fr": "français", "ms": "Melayu"}


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
