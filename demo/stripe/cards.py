"""Test cards, as docs.stripe.com/testing lists them, and what the card form checks before it asks the bank."""

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Card:
    """What is kept of a card: never its number."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    authenticate: bool = False
    """Asks for 3-D Secure first."""
    decline: str | None = None
    """Decline code, if the bank will refuse."""


class FormError(Exception):
    """The form cannot be sent like this: the sentence says what to correct, `field` where."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.field = field


DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined. Try another card."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds. Try another card."),
    "lost_card": ("card_declined", "Your card was declined. Try another card."),
    "expired_card": ("expired_card", "Your card has expired. Try another card."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": ("processing_error", "The bank could not be reached. Try again in a little while."),
}
_DECLINED = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
    "4000008260003178": "insufficient_funds",
}
_AUTHENTICATED = frozenset({"4000002500003155", "4000002760003184", "4000008260003178"})
_PAYING = frozenset({"4242424242424242", "4000056655665556", "5555555555554444", "378282246310005"})
_BRANDS = {"4": "visa", "5": "mastercard", "3": "amex"}


def read_card(number: str, expires: str, cvc: str, today: date) -> Card:
    """Return the card that the form names. Raises FormError for what could not be a test card in date."""
    digits = re.sub(r"[\s-]", "", number)
    if not digits:
        raise FormError("Enter your card number.", "number")
    if not re.fullmatch(r"[0-9]{12,19}", digits) or not _luhn(digits):
        raise FormError("This card number is not valid. Check it for typing errors.", "number")
    if digits not in _PAYING | _AUTHENTICATED | set(_DECLINED):
        raise FormError("This is a test page: only test cards work here, such as 4242 4242 4242 4242.", "number")
    month, year = _expiry(expires, today)
    if not re.fullmatch(r"[0-9]{3,4}", cvc.strip()):
        raise FormError("Enter the security code: three digits on the back of the card.", "cvc")
    return Card(_BRANDS[digits[0]], digits[-4:], month, year, digits in _AUTHENTICATED, _DECLINED.get(digits))


def _expiry(text: str, today: date) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{1,2})\s*[/-]\s*(\d{2}|\d{4})\s*", text)
    if not found or not 1 <= int(found[1]) <= 12:
        raise FormError("Enter the expiry date like 12/34.", "expires")
    month, year = int(found[1]), int(found[2]) % 100 + 2000
    if (year, month) < (today.year, today.month):
        raise FormError("Your card's expiry date is in the past.", "expires")
    return month, year


def _luhn(digits: str) -> bool:
    weighted = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in weighted) % 10 == 0
