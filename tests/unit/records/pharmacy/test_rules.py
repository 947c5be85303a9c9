"""What may still be given, how a prescription stands, secrets as they are typed, and how often one may be wrong."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError, ConflictError
from records.pharmacy.limits import Limiter
from records.pharmacy.rules import (
    Given,
    Standing,
    Supply,
    checked_amount,
    checked_words,
    require_dispensable,
    standing_of,
    supply_of,
)
from records.pharmacy.secrets import fits, hashed, new_typed_secret, read_secret
from records.prescriptions.rules import Status
from tests.unit.records.prescriptions.examples import DRAFT, NOW, PRESCRIPTION

SIGNED = replace(PRESCRIPTION, signed_by=UUID(int=9))


def gave(*amounts: tuple[int, int]) -> tuple[Given, ...]:
    return tuple(Given(fill, amount, NOW, "", "") for fill, amount in amounts)


def test_what_is_counted_is_given_in_parts_and_repeats_come_one_after_the_other() -> None:
    draft = replace(DRAFT, quantity="20 tablets", repeats=1)
    stands = [supply_of(draft, gave(*done)) for done in ((), ((1, 5),), ((1, 5), (1, 15)), ((1, 20), (2, 20)))]
    assert [(each.fill, each.left) for each in stands] == [(1, 20), (1, 15), (2, 20), (None, 0)]
    assert (stands[0].each, stands[0].unit, stands[0].fills) == (20, "tablets", 2)


@pytest.mark.parametrize("quantity", ["one tube", "20", "0 tablets", "2,5 ml", "999999 tablets"])
def test_what_is_no_number_of_things_is_given_as_a_whole(quantity: str) -> None:
    supply = supply_of(replace(DRAFT, quantity=quantity), ())
    assert (supply.each, supply.unit, supply.left) == (1, quantity, 1)


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        (Status.ACTIVE, Standing.READY),
        (Status.ON_HOLD, Standing.ON_HOLD),
        (Status.COMPLETED, Standing.USED_UP),
        (Status.CANCELLED, Standing.ENDED),
        (Status.STOPPED, Standing.ENDED),
        (Status.ENTERED_IN_ERROR, Standing.ENDED),
        (Status.DRAFT, Standing.ENDED),
        (Status.UNKNOWN, Standing.ENDED),
    ],
)
def test_every_state_stands_somewhere(status: Status, standing: Standing) -> None:
    assert standing_of(replace(SIGNED, status=status), NOW, taken=False) is standing


def test_an_active_one_may_be_taken_expired_or_unsigned() -> None:
    assert standing_of(SIGNED, NOW, taken=True) is Standing.TAKEN
    until = SIGNED.valid_until
    assert standing_of(SIGNED, until - timedelta(seconds=1), taken=False) is Standing.READY
    assert standing_of(SIGNED, until, taken=True) is Standing.EXPIRED
    assert standing_of(PRESCRIPTION, NOW, taken=False) is Standing.UNSIGNED


def test_something_is_given_only_where_it_may_be() -> None:
    for standing in Standing:
        if standing in {Standing.READY, Standing.TAKEN}:
            require_dispensable(standing)
        else:
            with pytest.raises(ConflictError):
                require_dispensable(standing)


def test_amounts_are_whole_and_no_more_than_is_left() -> None:
    supply = Supply(20, "tablets", 1, gave((1, 5)))
    assert [checked_amount(text, supply) for text in ("", " 1 ", "15")] == [15, 1, 15]
    for text in ("0", "16", "-1", "1.5", "٣", "many", "000001"):
        with pytest.raises(BadInputError, match="from 1 to 15"):
            checked_amount(text, supply)


def test_a_pharmacys_words_are_one_short_line() -> None:
    assert checked_words("  Park \n Apotheke ") == "Park Apotheke"
    for text in ("x" * 121, "a\x07b", "a\u202eb"):
        with pytest.raises(BadInputError):
            checked_words(text)


def test_secrets_are_read_however_they_are_typed() -> None:
    secret = new_typed_secret()
    assert len(secret.replace("-", "")) == 32
    assert new_typed_secret() != secret
    for typed in (secret, secret.lower(), secret.replace("-", " "), f" {secret.replace('-', '')} "):
        assert read_secret(typed) == secret
        assert fits(read_secret(typed), hashed(secret))
    assert read_secret("OIL0" * 8) == "-".join(["0110"] * 8)
    assert not fits(None, hashed(secret))
    assert not fits(new_typed_secret(), hashed(secret))


@given(st.text(max_size=200))
def test_nothing_else_is_a_secret(text: str) -> None:
    read = read_secret(text)
    assert read is None or len(read) == 39


def test_an_address_may_be_wrong_so_often_and_no_more_for_a_while() -> None:
    limiter = Limiter(3, timedelta(minutes=1))
    for n in range(3):
        assert not limiter.full("a", NOW)
        limiter.count("a", NOW + timedelta(seconds=n))
    assert limiter.full("a", NOW + timedelta(seconds=59))
    assert not limiter.full("b", NOW)
    assert not limiter.full("a", NOW + timedelta(seconds=60))


def test_addresses_that_were_wrong_once_are_forgotten() -> None:
    limiter = Limiter(3, timedelta(minutes=1))
    for n in range(10_002):
        limiter.count(str(n), NOW + timedelta(seconds=n))
    assert len(limiter._events) < 100
