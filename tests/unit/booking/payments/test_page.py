"""The page after paying speaks its reader's language."""

import pytest

from booking.payments import page


@pytest.mark.parametrize(
    ("accepted", "language", "direction", "words"),
    [
        ("", "en", "ltr", "Thank you, it is paid"),
        ("de-DE,de;q=0.9,en;q=0.8", "de", "ltr", "Danke, es ist bezahlt"),
        ("nl,ar;q=0.7", "ar", "rtl", "شكرًا، تم الدفع"),
    ],
)
def test_it_speaks_its_readers_language(accepted: str, language: str, direction: str, words: str) -> None:
    answer = page.response(page.PAID, accepted=accepted)
    assert f'<html lang="{language}" dir="{direction}">' in str(answer.text)
    assert words in str(answer.text)
    assert answer.headers["Vary"] == "Accept-Language"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
