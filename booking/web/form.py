"""The search form: what its fields mean as a wish. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from babel.numbers import get_territory_currencies

from booking.directory.model import Mode
from booking.directory.places import Place, find_place
from booking.directory.specialties import SPECIALTIES, label_of, specialty_of
from booking.people.rules import checked_language
from booking.search.model import Wish
from core.errors import BadInputError
from core.languages import _
from core.money import Money, parse_money

_LONGEST = 80
_MODES = {"online": Mode.ONLINE, "in-person": Mode.IN_PERSON}
_SORTS = ("soonest", "nearest", "cheapest")
_PAGES = 100
FIELDS = ("specialty", "place", "price", "language", "mode", "sort")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field, and what to write instead."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it was sent."""

    fields: Mapping[str, str]
    """Each of FIELDS, as it was written."""
    wish: Wish | None
    """None when nothing was asked for yet, or something of it cannot be read."""
    page: int
    """The first is 0."""
    faults: tuple[Fault, ...]


def read_form(query: Mapping[str, str], currency: str) -> Form:
    """Read the fields; each that cannot be read gets a sentence. `currency`: a price's, where no place decides it."""
    fields = {name: " ".join(query.get(name, "").split()) for name in FIELDS}
    reading = _Reading(fields)
    place = reading.place()
    wish = Wish(
        specialty=reading.specialty(),
        place=place,
        max_price=reading.price(_currency_at(place) if place else currency),
        language=reading.language(),
        mode=reading.mode(),
        sort=reading.sort(),
    )
    page = reading.page(query.get("page", ""))
    if not reading.faults and any(fields.values()) and not (wish.specialty or wish.place):
        reading.faults.append(Fault("specialty", _("Name a specialty or a place, or both.")))
    asked = any(fields.values()) and not reading.faults
    if fields["specialty"] in SPECIALTIES:  # as a link of ours has it, good in each language
        fields["specialty"] = label_of(fields["specialty"])
    return Form(fields, wish if asked else None, page, tuple(reading.faults))


class _Reading:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self.faults: list[Fault] = []

    def specialty(self) -> str | None:
        text = self._text("specialty")
        code = specialty_of(text) if text else None
        if text and code is None:
            self._fault(
                "specialty", _("We don't know that specialty. Choose one of the list, or write skin, heart, eyes.")
            )
        return code

    def place(self) -> Place | None:
        text = self._text("place")
        place = find_place(text) if text else None
        if text and place is None:
            self._fault("place", _("We don't know that place. Write the name of a city, like Berlin or Kuala Lumpur."))
        return place

    def price(self, currency: str) -> Money | None:
        text = self._text("price")
        if not text:
            return None
        try:
            price = parse_money(text, currency)
        except BadInputError as unreadable:
            self._fault("price", str(unreadable))
            return None
        if price.amount <= 0:
            self._fault("price", _("The highest price must be more than nothing. Write it like 60 or €60."))
        return price

    def language(self) -> str | None:
        text = self._text("language")
        try:
            return checked_language(text) if text else None
        except BadInputError as unknown:
            self._fault("language", str(unknown))
            return None

    def mode(self) -> Mode | None:
        text = self._text("mode")
        if text and text not in _MODES:
            self._fault("mode", _("Choose online or in person, or leave it open."))
        return _MODES.get(text)

    def sort(self) -> Literal["soonest", "nearest", "cheapest"]:
        text = self._text("sort") or "soonest"
        if text not in _SORTS:
            self._fault("sort", _("Choose soonest, nearest or cheapest."))
            return "soonest"
        return cast("Literal['soonest', 'nearest', 'cheapest']", text)

    def page(self, text: str) -> int:
        if not text:
            return 0
        if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) < _PAGES):
            self._fault("page", _("There is no such page of the list. Search again."))
            return 0
        return int(text)

    def _text(self, name: str) -> str:
        text = self._fields[name]
        if len(text) > _LONGEST:
            self._fault(name, _("That is too long to be understood. A word or two are enough."))
            return ""
        return text

    def _fault(self, field: str, sentence: str) -> None:
        self.faults.append(Fault(field, sentence))


def _currency_at(place: Place) -> str:
    """The currency that centres there take if nothing else was set."""
    known = get_territory_currencies(place.country)
    return str(known[-1]) if known else "EUR"
