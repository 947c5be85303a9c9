"""Money is whole numbers of the smallest unit, read as people write it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.languages import speaking
from core.money import Money, parse_money


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("60", "EUR", Money("EUR", 6000)),
        ("60.5", "EUR", Money("EUR", 6050)),
        ("€60", "GBP", Money("EUR", 6000)),
        ("60 €", "GBP", Money("EUR", 6000)),
        ("1.200,50 EUR", "GBP", Money("EUR", 120050)),
        ("1,200.50", "USD", Money("USD", 120050)),
        ("1,200", "EUR", Money("EUR", 120000)),
        ("1.234.567", "EUR", Money("EUR", 123456700)),
        ("INR 12,34,567.50", "EUR", Money("INR", 123456750)),
        ("1234567,5", "EUR", Money("EUR", 123456750)),
        ("1.200 JPY", "EUR", Money("JPY", 1200)),
        ("1'200 chf", "EUR", Money("CHF", 120000)),
        ("RM 80", "EUR", Money("MYR", 8000)),
        ("5000", "JPY", Money("JPY", 5000)),
        ("3", "KWD", Money("KWD", 3000)),
        ("12.345", "KWD", Money("KWD", 12345)),
        ("1,200 KWD", "EUR", Money("KWD", 1200000)),
        ("1,234.567", "KWD", Money("KWD", 1234567)),
        ("12345.678", "KWD", Money("KWD", 12345678)),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, expected: Money) -> None:
    assert parse_money(text, currency) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sixty",
        "-5",
        "60.12345 EUR",
        "60 bananas",
        "1.5 JPY",
        "€",
        "😀",
        "99999999999 EUR",
        "1.2.3",
        "1.23.45",
        "1..5",
        "1.2.345",
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="Write it like"):
        parse_money(text, "EUR")


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("12.345", "en", None),
        ("12.345 EUR", "de", Money("EUR", 1234500)),
        ("12,345", "en", Money("EUR", 1234500)),
        ("12,345", "de", None),
        ("12.345", "fr", None),
        ("12,345 KWD", "ar", Money("KWD", 12345000)),
        ("12,345 KWD", "fr", Money("KWD", 12345)),
    ],
)
def test_three_decimals_are_thousands_only_where_the_language_writes_them_so(
    text: str, tag: str, expected: Money | None
) -> None:
    with speaking(tag):
        if expected:
            assert parse_money(text, "EUR") == expected
            return
        with pytest.raises(UserError, match="12345"):
            parse_money(text, "EUR")


@given(st.text(max_size=40))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    with suppress(UserError):
        assert parse_money(text, "EUR").amount >= 0


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "USD", "MYR", "KWD"]))
def test_what_is_shown_can_be_read_back(amount: int, currency: str) -> None:
    money = Money(currency, amount)
    assert parse_money(f"{money.show('en').replace('US$', '$')}".replace("MYR", "RM"), currency) == money


def test_amounts_of_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="two currencies"):
        Money("EUR", 1) + Money("USD", 1)


def test_a_language_decides_how_an_amount_looks() -> None:
    assert Money("EUR", 5000).show("en") == "€50.00"
    assert Money("EUR", 5000).show("de") == "50,00\xa0€"
