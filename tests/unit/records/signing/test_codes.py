"""Codes of an authenticator: RFC 6238's own examples, once each, a little late or early, and not too many tries."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.signing.codes import Tries, link_of, new_factor, read_code, tried

NOW = datetime(2026, 11, 24, 9, 0, 10, tzinfo=UTC)
FACTOR = pyotp.random_base32(32)
STEP = timedelta(seconds=30)


def code_at(moment: datetime, factor: str = FACTOR) -> str:
    return pyotp.TOTP(factor).at(moment)


def wrong_at(moment: datetime) -> str:
    near = {code_at(moment + n * STEP) for n in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_examples_of_rfc_6238_are_taken(seconds: int, digits: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # appendix B: "12345678901234567890"
    taken, _ = tried(Tries(), secret, digits, datetime.fromtimestamp(seconds, UTC))
    assert taken


def test_a_code_is_taken_once_and_none_from_before_it() -> None:
    taken, tries = tried(Tries(), FACTOR, code_at(NOW), NOW)
    assert taken
    assert tries.taken_at == NOW
    for again in (code_at(NOW), code_at(NOW - STEP)):
        assert not tried(tries, FACTOR, again, NOW)[0]
    assert tried(tries, FACTOR, code_at(NOW + STEP), NOW + STEP)[0]


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(steps: int, *, taken: bool) -> None:
    assert tried(Tries(), FACTOR, code_at(NOW + steps * STEP), NOW)[0] is taken


def test_another_phones_code_is_not_taken() -> None:
    other = new_factor()
    assert other != FACTOR
    code = code_at(NOW, other)
    near = {code_at(NOW + n * STEP) for n in (-1, 0, 1)}
    assert tried(Tries(), FACTOR, code, NOW)[0] is (code in near)


def test_five_wrong_codes_lock_for_longer_and_longer_and_then_the_right_one_waits_too() -> None:
    tries, now, locks = Tries(), NOW, []
    for _ in range(12):
        for _ in range(5):
            taken, tries = tried(tries, FACTOR, wrong_at(now), now)
            assert not taken
        assert tries.locked_until is not None
        locks.append(tries.locked_until - now)
        assert tried(tries, FACTOR, code_at(now), now) == (False, tries)
        now = tries.locked_until
    minutes = [int(lock.total_seconds() // 60) for lock in locks]
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440, 1440, 1440]
    taken, tries = tried(tries, FACTOR, code_at(now), now)
    assert taken
    assert (tries.failures, tries.locked_until) == (0, None)


@pytest.mark.parametrize(("text", "code"), [("123456", "123456"), (" 012 345 ", "012345"), ("012-345", "012345")])
def test_codes_are_read_as_people_type_them(text: str, code: str) -> None:
    assert read_code(text) == code


@given(st.text(max_size=12))
def test_nothing_else_is_a_code(text: str) -> None:
    code = read_code(text)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdecimal())


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12 34 56", "١٢٣٤٥٦", "12345a"])
def test_what_is_no_code(text: str) -> None:
    assert read_code(text) is None


def test_the_link_is_what_authenticators_read() -> None:
    read = pyotp.parse_uri(link_of(FACTOR, account="signing", issuer="careConnect"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.issuer, read.name, read.digits, read.interval) == (
        FACTOR,
        "careConnect",
        "signing",
        6,
        30,
    )
