"""Money: an integer of the currency's smallest unit, and the currency. Never a float."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel.numbers import format_currency, list_currencies

from core.errors import BadInputError

# https://docs.stripe.com/currencies#zero-decimal, and #three-decimal
_ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "rm": "MYR", "chf": "CHF", "fr": "CHF", "zł": "PLN"}
_MOST = 2**31 - 1
"""As much as a column takes."""
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
        places = exponent(self.currency)
        return format_currency(Decimal(self.amount).scaleb(-places), self.currency, locale=language.replace("-", "_"))


def parse_money(text: str, currency: str) -> Money:
    """Read "60", "60.50", "€60", "1.200,50 EUR", "RM 80"; `currency` is used where the text names none.

    Raises BadInputError for anything else, for more decimals than the currency has, for amounts that are negative or
    more than anything costs.
    """
    sorry = BadInputError("I can't read that amount. Write it like 60, 60.50 or €60.")
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


def _split(number: str, places: int) -> tuple[str, str, str]:
    """Part whole units from decimals: the last of '.' or ',' is the decimal mark unless three digits follow it.

    Where a currency has three `places` (KWD), a single point is the mark all the same: things cost 12.345 there.
    """
    at = max(number.rfind("."), number.rfind(","))
    if at < 0:
        return number, "", ""
    whole, rest = re.sub(r"[.,]", "", number[:at]), number[at + 1 :]
    if len(rest) == 3 and not (places == 3 and number.count(".") == 1 and number[at] == "."):
        return whole + rest, "", ""
    return whole, number[at], rest
