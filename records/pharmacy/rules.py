"""How a prescription stands for a pharmacy, and what may still be given of it. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import BadInputError, ConflictError
from records.prescriptions.rules import Draft, Prescription, Status

CLAIM_KEPT = timedelta(days=3)
"""How long a pharmacy keeps what it has taken on, from the last that it did with it."""
_COUNTED = re.compile(r"([1-9][0-9]{0,4}) (\S.*)", re.DOTALL)
_LONGEST = 120


class Standing(StrEnum):
    """What the public page says: nothing of who it is for, of what, or from whom."""

    READY = "ready"
    TAKEN = "taken"
    """A pharmacy has taken it on."""
    ON_HOLD = "on-hold"
    USED_UP = "used up"
    EXPIRED = "expired"
    ENDED = "ended"
    """Withdrawn by the doctor."""
    UNSIGNED = "unsigned"
    """From before prescriptions were signed: nobody can check it."""


@dataclass(frozen=True, slots=True)
class Given:
    """One handing over."""

    fill: int
    amount: int
    at: datetime
    """UTC."""
    product: str
    """What was given, in the pharmacy's words; empty for what was prescribed."""
    pharmacy: str


@dataclass(frozen=True, slots=True)
class Supply:
    """What may be given in all, and what was."""

    each: int
    """Units in a fill."""
    unit: str
    fills: int
    """The first, and the repeats."""
    given: tuple[Given, ...]

    @property
    def fill(self) -> int | None:
        """The fill that is being given: 1 is the first; None when there is none left."""
        return next((fill for fill in range(1, self.fills + 1) if self._in(fill) < self.each), None)

    @property
    def left(self) -> int:
        """Units that may still be given in that fill."""
        return self.each - self._in(self.fill) if self.fill else 0

    def _in(self, fill: int) -> int:
        return sum(each.amount for each in self.given if each.fill == fill)


def supply_of(draft: Draft, given: tuple[Given, ...]) -> Supply:
    """Read how much there is: "20 tablets" can be given in parts, what is no number of things only as a whole."""
    counted = _COUNTED.fullmatch(draft.quantity)
    each, unit = (int(counted[1]), counted[2]) if counted else (1, draft.quantity)
    return Supply(each, unit, 1 + draft.repeats, given)


def standing_of(p: Prescription, now: datetime, *, taken: bool) -> Standing:
    """How it stands now; `taken`: a pharmacy holds it."""
    if p.signed_by is None:
        return Standing.UNSIGNED
    if p.status is Status.COMPLETED:
        return Standing.USED_UP
    if p.status is Status.ON_HOLD:
        return Standing.ON_HOLD
    if p.status is not Status.ACTIVE:
        return Standing.ENDED
    if now >= p.valid_until:
        return Standing.EXPIRED
    return Standing.TAKEN if taken else Standing.READY


_WHY_NOT = {
    Standing.ON_HOLD: "The doctor has put this prescription on hold. Nothing may be given on it now.",
    Standing.USED_UP: "All of this prescription was given already.",
    Standing.EXPIRED: "This prescription is no longer valid.",
    Standing.ENDED: "The doctor has withdrawn this prescription. Nothing may be given on it.",
    Standing.UNSIGNED: "This prescription is not signed. Nothing can be given on it here.",
}


def require_dispensable(standing: Standing) -> None:
    """Raises ConflictError."""
    if standing in _WHY_NOT:
        raise ConflictError(_WHY_NOT[standing])


def checked_amount(text: str, supply: Supply) -> int:
    """Read how many units are given; all that is left if nothing is said. Raises BadInputError."""
    text = text.strip()
    if not text:
        return supply.left
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= supply.left):
        raise BadInputError("Give a whole number from 1 to {left}.", left=supply.left)
    return int(text)


def checked_words(text: str) -> str:
    """What a pharmacy writes of itself or of a product: one short line. Raises BadInputError."""
    clean = " ".join(unicodedata.normalize("NFC", text).split())
    if len(clean) > _LONGEST or not clean.isprintable():
        raise BadInputError("Write that in a line of {longest} letters at most.", longest=_LONGEST)
    return clean
