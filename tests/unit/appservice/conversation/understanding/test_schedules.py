"""Hours and dates in the languages of those who run a centre."""

from datetime import date

import pytest

from appservice.conversation.understanding.schedules import hours_in_english
from booking.schedules.hours import parse_date, parse_hours

TODAY = date(2026, 11, 30)
WEEK = "mon-fri 9-18, break 12:30-13:30 from 1 Dec"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Mo-Fr 9-18 Uhr, Pause 12:30-13:30 ab 1. Dezember"),
        ("de", "Montag bis Freitag von 9 bis 18 Uhr, Mittagspause 12:30 bis 13:30 ab 1.12."),
        ("de", "von Montag bis Freitag 9-18, Pause 12:30-13:30 ab morgen"),
        ("fr", "lun-ven 9h-18h, pause 12h30-13h30 à partir du 1 décembre"),
        ("fr", "du lundi au vendredi de 9h à 18h, pause 12h30-13h30 dès 1 déc."),
        ("es", "lun-vie 9-18, pausa 12:30-13:30 desde el 1 de diciembre"),
        ("es", "de lunes a viernes de 9 a 18, descanso 12:30-13:30 desde 1 dic"),
        ("ms", "Isn-Jum 9-18, rehat 12:30-13:30 dari 1 Disember"),
        ("ms", "Isnin hingga Jumaat 9-18, rehat 12:30-13:30 mulai 1 Dis"),
        ("ar", "الاثنين-الجمعة 9-18, استراحة 12:30-13:30 من 1 ديسمبر"),
        ("ar", "من الاثنين إلى الجمعة من 9 إلى 18، استراحة 12:30-13:30 من 1 ديسمبر"),
        ("de", WEEK),
        ("ar", WEEK),
        ("en", WEEK),
    ],
)
def test_a_week_is_understood_in_each_language(code: str, text: str) -> None:
    assert parse_hours(hours_in_english(text, code), TODAY) == parse_hours(WEEK, TODAY)


@pytest.mark.parametrize(
    ("code", "text", "english"),
    [
        ("de", "am 24. Dez geschlossen", "24 dec closed"),
        ("de", "24.12. wie üblich", "24 dec as usual"),
        ("fr", "le 24 décembre fermé", "24 dec closed"),
        ("fr", "24 déc. 9h-12h30", "24 dec 9-12:30"),
        ("es", "el 24 de diciembre de 2026 cerrado", "24 dec closed"),
        ("es", "24 de marzo 9-12", "24 mar 9-12"),
        ("ms", "pada 24 Dis tutup", "24 dec closed"),
        ("ar", "24 ديسمبر مغلق", "24 dec closed"),
    ],
)
def test_a_date_that_differs_is_understood_in_each_language(code: str, text: str, english: str) -> None:
    assert parse_date(hours_in_english(text, code), TODAY) == parse_date(english, TODAY)


def test_a_name_that_a_day_and_a_month_share_is_the_month_behind_a_number() -> None:
    assert hours_in_english("mar 9-12 desde 3 mar", "es") == "tue 9-12 from 3 mar"
