"""Hours and dates in the languages of those who run a centre."""

from datetime import date

import pytest

from appservice.conversation.understanding.schedules import hours_in_english, read_in_any
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
    ("code", "several", "without", "closed"),
    [
        ("de", "Mo, Mi 9-12 und Fr 14-17", "Mo-Fr 9-17 Uhr außer Mi", "Sa 9-12, Mi geschlossen"),
        ("de", "montags, mittwochs 9-12, freitags 14-17", "Mo-Fr 9-17 ohne Pause außer Mi", "Sa 9-12 Uhr, Mi zu"),
        ("fr", "lun, mer 9h-12h et ven 14h-17h", "lun-ven 9h-17h sauf mer", "sam 9h-12h, mer fermé"),
        ("es", "lun, mié 9-12 y vie 14-17", "lun-vie 9-17 excepto mié", "sáb 9-12, mié cerrado"),
        ("ms", "Isn, Rab 9-12 dan Jum 14-17", "Isn-Jum 9-17 kecuali Rab", "Sab 9-12, Rab tutup"),
        (
            "ar",
            "الاثنين، الأربعاء 9-12 والجمعة 14-17",
            "الاثنين-الجمعة 9-17 ما عدا الأربعاء",
            "السبت 9-12، الأربعاء مغلق",
        ),
    ],
)
def test_several_days_in_a_row_are_read_whoever_says_them(code: str, several: str, without: str, closed: str) -> None:
    for language in (code, "en"):
        for text, english in (
            (several, "mon, wed 9-12; fri 14-17"),
            (without, "mon-fri 9-17 except wed"),
            (closed, "sat 9-12, wed closed"),
        ):
            assert parse_hours(read_in_any(text, language, TODAY), TODAY) == parse_hours(english, TODAY)


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
