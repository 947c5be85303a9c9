"""What Stripe's page on currencies says (docs.stripe.com/currencies); written anew here, to judge careConnect by it."""

from decimal import Decimal

from babel.numbers import format_currency, list_currencies

from demo.stripe.errors import ApiError

_ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_ONLY = frozenset("isk ugx".split())
_LEAST = {"gbp": 30, "myr": 200, "aed": 200, "thb": 1000, "pln": 200, "sek": 300, "nok": 300, "dkk": 250, "huf": 17500}


def check_amount(amount: int, currency: str, param: str) -> None:
    """Raise ApiError for an amount, in the smallest unit, that Stripe would not charge."""
    if currency.upper() not in list_currencies("en"):
        raise ApiError(f"Invalid currency: {currency}.", param=param)
    if currency in _THREE_DECIMAL and amount % 10:
        raise ApiError("Amounts of this currency must end in 0.", code="invalid_amount", param=param)
    if currency in _WHOLE_ONLY and amount % 100:
        raise ApiError("Amounts of this currency must be divisible by 100.", code="invalid_amount", param=param)
    if amount < _LEAST.get(currency, 50):
        raise ApiError("The amount is below the least that can be charged.", code="amount_too_small", param=param)
    if amount > 99_999_999:
        raise ApiError("The amount is above the most that can be charged.", code="amount_too_large", param=param)


def show(amount: int, currency: str) -> str:
    """Return the amount as people read it: €50.00."""
    places = 0 if currency in _ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2
    return format_currency(Decimal(amount).scaleb(-places), currency.upper(), locale="en")
