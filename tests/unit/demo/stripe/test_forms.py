"""What the stand-in for Stripe reads: parameters in nested brackets, and cards."""

from datetime import date

import pytest

from demo.stripe.cards import FormError, read_card
from demo.stripe.errors import ApiError
from demo.stripe.params import Params, parse

TODAY = date(2026, 11, 23)


def test_nested_brackets_become_objects_and_lists() -> None:
    form = "mode=payment&line_items[0][quantity]=1&line_items[1][price_data][currency]=eur&expand[]=a&expand[]=b.c"

    assert parse(form) == {
        "mode": "payment",
        "line_items": [{"quantity": "1"}, {"price_data": {"currency": "eur"}}],
        "expand": ["a", "b.c"],
    }


def test_signs_in_values_are_read_as_they_were_meant() -> None:
    assert parse("success_url=http%3A%2F%2Fx%2F%3Fs%3D%7BID%7D&metadata[a+b]=%C3%A9+%26") == {
        "success_url": "http://x/?s={ID}",
        "metadata": {"a b": "é &"},
    }


@pytest.mark.parametrize("form", ["a[=1", "a]b=1", "[a]=1", "a=1&a[b]=2", "a[b][c]=1&a[b][c][d]=2"])
def test_a_broken_name_is_refused(form: str) -> None:
    with pytest.raises(ApiError):
        parse(form)


def test_a_nested_fault_is_told_by_its_whole_name() -> None:
    params = Params(parse("line_items[0][quantity]=many"))

    with pytest.raises(ApiError) as refused:
        params.groups("line_items")[0].integer("quantity")

    assert refused.value.body["error"]["param"] == "line_items[0][quantity]"


def test_nothing_of_a_cards_number_is_kept_but_its_end() -> None:
    card = read_card("4242 4242 4242 4242", "12 / 34", "123", TODAY)

    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2034)
    assert "42424242" not in repr(card)


@pytest.mark.parametrize(
    ("number", "expires", "cvc", "field"),
    [
        ("", "12/34", "123", "number"),
        ("4242424242424241", "12/34", "123", "number"),
        ("4111111111111111", "12/34", "123", "number"),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "12/34", "123", "number"),
        ("4242424242424242", "13/34", "123", "expires"),
        ("4242424242424242", "10/26", "123", "expires"),
        ("4242424242424242", "soon", "123", "expires"),
        ("4242424242424242", "12/34", "12", "cvc"),
    ],
)
def test_a_form_that_no_bank_would_take_names_the_field(number: str, expires: str, cvc: str, field: str) -> None:
    with pytest.raises(FormError) as wrong:
        read_card(number, expires, cvc, TODAY)

    assert wrong.value.field == field


def test_a_card_is_good_until_the_end_of_its_month() -> None:
    assert read_card("4242424242424242", "11/26", "123", TODAY).exp_month == 11
