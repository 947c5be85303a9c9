"""Prices as people write them: between 30 and 60, over 40, under 60, max 60€, up to 50 eur, less than RM 80, 45 CHF or less, cheap."""

import re
from dataclasses import dataclass
from functools import cache

from babel.core import get_global
from babel.numbers import get_territory_currencies, list_currencies

from appservice.conversation.understanding.text import Reading
from core.errors import BadInputError
from core.money import Money, parse_money

_CODES = "|".join(sorted(list_currencies("en")))
_SIGN = rf"(?:[€£$¥]|\brm|\bzł|\beuros?\b|\bdollars?\b|\bpounds?\b|\bringgit\b|\b(?:{_CODES})\b)"
_NUMBER = r"\d[\d.,']*"
_AMOUNT = rf"(?:(?P<before>{_SIGN}) ?(?P<n1>{_NUMBER})|(?P<n2>{_NUMBER}) ?(?P<after>{_SIGN})?)"
_UNDER = re.compile(
    rf"(?:\b(?:for )?(?:under|below|less than|cheaper than|up to|upto|at most|no more than|not more than|max(?:imum)?\.?"
    rf"|unter|bis zu|höchstens|within budget of|budget(?: of)?)|<=?|≤) ?{_AMOUNT}(?! ?(?:km|miles|min|hours?|days?|weeks?|[ap]m|uhr)\b|:\d)",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    rf"(?:\bfor )?(?:(?P<before>{_SIGN}) ?(?P<n1>{_NUMBER})|(?P<n2>{_NUMBER}) ?(?P<after>{_SIGN}))(?: or less| max\b\.?)?",
    re.IGNORECASE,
)
_WORDS = {
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "pound": "GBP",
    "pounds": "GBP",
    "ringgit": "MYR",
}
_ABOVE = re.compile(
    rf"(?<!\bno )(?<!\bnot )\b(?:over|above|more than|at least) {_AMOUNT}(?! ?(?:km|miles|min|hours?|days?|weeks?|[ap]m|uhr)\b|:\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Price:
    """A number and, perhaps, a sign; the place decides the currency where there is none."""

    number: str
    sign: str

    def money(self, currency: str) -> Money:
        """Return the amount, in `currency` where the text names none. Raises BadInputError."""
        price = parse_money(f"{self.number} {self.sign}".strip(), currency)
        if price.amount <= 0:
            raise BadInputError('The highest price must be more than nothing. Write it like "under 60".')
        return price


_BELOW_NOTHING = re.compile(
    rf"\b(?:under|below|less than|cheaper than|up to|at most|no more than|max(?:imum)?\.?|over|above|more than|at least|price)"
    rf" ?(?:{_SIGN} ?)?(?P<said>-\d[\d.,]*)",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\b(?P<how>between|from|zwischen|von) (?P<s1>{_SIGN})? ?(?P<n1>{_NUMBER}) ?(?P<s2>{_SIGN})? ?(?:and|to|-|und|bis) ?"
    rf"(?P<s3>{_SIGN})? ?(?P<n2>{_NUMBER}) ?(?P<s4>{_SIGN})?(?![\d:.]| ?(?:[ap]m|h|uhr|o'clock|km|miles?)\b)",
    re.IGNORECASE,
)
_HOURS = 24
"""Two numbers up to this one, without a currency, are hours of the day: between 9 and 12."""


def read_prices(reading: Reading) -> tuple[Price | None, Price | None]:
    """Take the lowest and the highest price that a text names: "between 30 and 60", "over 40", "under 60"."""
    for match in _RANGE.finditer(reading.rest):
        sign = next((match[name] for name in ("s1", "s2", "s3", "s4") if match[name]), "").lower()
        low, high = (match[name].rstrip(".,'") for name in ("n1", "n2"))
        if sign or (match["how"].lower() in {"between", "zwischen"} and (_dear(low) or _dear(high))):
            if low.isdigit() and high.isdigit() and int(low) > int(high):
                raise BadInputError("The lower price comes first: between {high} and {low}", high=high, low=low)
            reading.cut(match.start(), match.end())
            return Price(low, _WORDS.get(sign, sign)), Price(high, _WORDS.get(sign, sign))
    if below := _BELOW_NOTHING.search(reading.rest):
        raise BadInputError("A price can't be less than nothing, as {said} is.", said=below["said"])
    least = reading.take(_ABOVE)
    return (_price(least) if least else None), read_max_price(reading)


def _dear(number: str) -> bool:
    return number.isdigit() and int(number) > _HOURS


def read_max_price(reading: Reading) -> Price | None:
    """Take the highest price that a text names; None when it names none."""
    match = reading.take(_UNDER) or reading.take(_SIGNED)
    return _price(match) if match else None


def _price(match: re.Match[str]) -> Price:
    sign = (match["before"] or match["after"] or "").lower()
    return Price((match["n1"] or match["n2"]).rstrip(".,'"), _WORDS.get(sign, sign))


@cache
def currency_of_country(country: str, default: str = "EUR") -> str:
    """Return the currency that a country (ISO 3166 alpha-2) pays with."""
    try:
        current = get_territory_currencies(country.upper())
    except (KeyError, ValueError):
        return default
    return str(current[0]) if current else default


def country_of_zone(zone: str) -> str | None:
    """Return the country in which a time zone lies (Europe/Berlin: DE), or None (UTC)."""
    found = get_global("zone_territories").get(zone)
    return str(found) if found else None
