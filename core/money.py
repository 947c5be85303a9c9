"""Money: an integer of the currency's smallest unit, and the currency. Never a float."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import format_currency, get_decimal_symbol, get_group_symbol, list_currencies

from core.errors import BadInputError
from core.languages import language, locale_of

# https://docs.stripe.com/currencies#zero-decimal, and #three-decimal
_ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "rm": "MYR", "chf": "CHF", "fr": "CHF", "zł": "PLN"}
_MOST = 2**31 - 1
"""As much as a column takes."""
_GROUPED = re.compile(r"\d+|\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}")
"""Thousands parted from each other; in India what is above them by twos."""
_AMOUNT = re.compile(r"^\s*(?P<before>[^\d\s.,-]*)\s*(?P<number>\d[\d.,']*)\s*(?P<after>[^\d\s.,-]*)\s*$")


def exponent(currency: str) -> int:
    """Return how many decimals the currency has with Stripe."""
    return 0 if currency in _ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`amount` in the smallest unit (cents, yen), `currency` as ISO 4217 capitals."""

    currency: str
    amount: int

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError("amounts of two currencies cannot be added")
        return Money(self.currency, self.amount + other.amount)

    def __neg__(self) -> "Money":
        return Money(self.currency, -self.amount)

    def show(self, language: str = "en") -> str:
        """Return the amount as people of that language write it: €50.00, 50,00 €."""
        return _shown(self.currency, self.amount, language.replace("-", "_"))


@lru_cache(4096)
def _shown(currency: str, amount: int, locale: str) -> str:
    return format_currency(Decimal(amount).scaleb(-exponent(currency)), currency, locale=locale)


def parse_money(text: str, currency: str) -> Money:
    """Read "60", "60.50", "€60", "1.200,50 EUR", "RM 80"; `currency` is used where the text names none.

    Raises BadInputError for anything else, for more decimals than the currency has, for a mark that may part thousands
    or decimals, for amounts that are negative or more than anything costs.
    """
    sorry = _unreadable()
    found = _AMOUNT.match(text)
    if not found:
        raise sorry
    named = (found["before"] or found["after"]).lower()
    if named:
        currency = _SIGNS.get(named, named.upper())
        if currency not in list_currencies("en"):
            raise sorry
    places = exponent(currency)
    number = found["number"].replace("'", "")
    whole, mark, rest = _split(number, places)
    if mark and len(rest) > places:
        raise sorry
    try:
        value = Decimal(f"{whole}.{rest or 0}")
    except InvalidOperation as unreadable:
        raise sorry from unreadable
    amount = int(value.scaleb(places))
    if amount > _MOST:
        raise sorry
    return Money(currency, amount)


def _unreadable() -> BadInputError:
    return BadInputError("I can't read that amount. Write it like 60, 60.50 or €60.")


def _split(number: str, places: int) -> tuple[str, str, str]:
    """Part whole units from decimals: the last of '.' or ',' is the decimal mark unless three digits follow it.

    Then it parts thousands, where nothing else can be meant or the language that is spoken writes them so; elsewhere
    12.345 may be a slip for 123.45. Raises BadInputError for that. Where a currency has three `places` (KWD), a single
    point is the decimal mark all the same, and a comma where the language has it so: things cost 12.345 there.
    """
    at = max(number.rfind("."), number.rfind(","))
    if at < 0:
        return number, "", ""
    whole, rest = re.sub(r"[.,]", "", number[:at]), number[at + 1 :]
    mark = number[at]
    three = places == 3 and number.count(mark) == 1 and mark in {".", _mark(get_decimal_symbol)}
    is_decimal = three or len(rest) != 3
    if not _GROUPED.fullmatch(number[:at] if is_decimal else number):
        raise _unreadable()
    if is_decimal:
        return whole, mark, rest
    if places == 2 and len(whole) == at and mark != _mark(get_group_symbol):
        raise _in_doubt(number, whole + rest)
    return whole + rest, "", ""


def _mark(of: Callable[..., str]) -> str:
    return of(locale_of(language()), numbering_system="latn")


def _in_doubt(said: str, whole: str) -> BadInputError:
    return BadInputError(
        "{said} can be read in two ways. If you mean {whole}, write it without a mark; decimals are two, like 60.50.",
        said=said,
        whole=whole,
    )
