"""What the search form understands, and what it says when it does not."""

import pytest

from booking.directory.model import Mode
from booking.web.form import Form, read_form
from core.money import Money


def sent(**fields: str) -> Form:
    return read_form(fields, "EUR")


def test_every_field_becomes_part_of_the_wish() -> None:
    form = sent(
        specialty="skin", place="berlin", price="60", language="German", mode="online", sort="cheapest", page="2"
    )

    assert form.wish is not None
    assert (form.wish.specialty, form.wish.max_price, form.wish.language) == ("dermatology", Money("EUR", 6000), "de")
    assert form.wish.place is not None
    assert (form.wish.place.name, form.wish.mode, form.wish.sort, form.page) == ("Berlin", Mode.ONLINE, "cheapest", 2)
    assert form.faults == ()


def test_a_price_without_a_sign_is_in_the_money_of_the_place() -> None:
    form = sent(place="Kuala Lumpur", price="80")

    assert form.wish is not None
    assert form.wish.max_price == Money("MYR", 8000)


def test_an_empty_form_asks_for_nothing() -> None:
    assert sent(specialty=" ", mode="").wish is None
    assert sent().faults == ()


def test_a_form_that_names_neither_field_nor_place_says_so() -> None:
    form = sent(price="60")

    assert form.wish is None
    assert [fault.field for fault in form.faults] == ["specialty"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("specialty", "zzzzz"),
        ("place", "Nowhereville-upon-Nothing"),
        ("price", "a lot"),
        ("price", "0"),
        ("price", "-5"),
        ("language", "Klingon"),
        ("mode", "by balloon"),
        ("sort", "random"),
        ("page", "-1"),
        ("page", "9999"),
        ("page", "²"),
        ("specialty", "heart" * 100),
        ("place", "\u202e😀"),
        ("language", "\x00"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_sentence(field: str, text: str) -> None:
    form = sent(**{"specialty": "heart", field: text})

    assert form.wish is None
    assert [fault.field for fault in form.faults] == [field]
    assert form.faults[0].sentence.endswith(".")


def test_all_faults_are_told_at_once() -> None:
    assert {fault.field for fault in sent(specialty="zzzzz", price="much").faults} == {"specialty", "price"}
