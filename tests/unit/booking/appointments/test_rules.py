"""The appointment's machine and the price of cancelling, decided without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.appointments import rules
from booking.appointments.rules import MOVES, Status, check_move
from core.errors import BadInputError, ConflictError
from core.money import Money

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

# The matrix once more, as a clinic would draw it: from each state (rows), what can follow (marked with x).
#             proposed pending booked arrived fulfilled cancelled noshow waitlist entered-in-error
DRAWN = """
proposed      .        x       x      .       .         x         .      x        x
pending       .        .       x      .       .         x         .      .        x
booked        .        .       .      x       x         x         x      .        x
arrived       .        .       .      .       x         x         .      .        x
fulfilled     .        .       .      .       .         .         .      .        x
cancelled     .        .       x      .       .         .         .      .        x
noshow        .        .       .      x       x         .         .      .        x
waitlist      x        x       x      .       .         x         .      .        x
entered-in-error .     .       .      .       .         .         .      .        .
"""
COLUMNS = "proposed pending booked arrived fulfilled cancelled noshow waitlist entered-in-error".split()
CELLS = [
    (Status(line.split()[0]), Status(column), mark == "x")
    for line in DRAWN.strip().splitlines()
    for column, mark in zip(COLUMNS, line.split()[1:], strict=True)
]


def test_the_matrix_covers_every_pair_of_states() -> None:
    assert {(a, b) for a, b, _ in CELLS} == {(a, b) for a in Status for b in Status}
    assert set(MOVES) == set(Status)


@pytest.mark.parametrize(("status", "to", "legal"), CELLS)
def test_each_move_is_legal_or_refused_with_the_state_in_words(status: Status, to: Status, legal: bool) -> None:
    if legal:
        check_move(status, to)
    else:
        with pytest.raises(ConflictError, match=r"the visit is .+\."):
            check_move(status, to)


def test_the_sequence_of_calendars_grows_once_a_visit_was_booked() -> None:
    assert rules.sequence_after(0, Status.PENDING) == 0
    assert rules.sequence_after(0, Status.BOOKED) == 1
    assert rules.sequence_after(3, Status.CANCELLED) == 4


def test_a_time_that_has_passed_is_not_booked() -> None:
    rules.check_start(START, START - timedelta(seconds=1))
    with pytest.raises(BadInputError, match="has passed"):
        rules.check_start(START, START)


def test_a_reason_is_kept_as_written_but_for_empty_ones_and_novels() -> None:
    assert rules.checked_reason("  pain in the chest ") == "pain in the chest"
    assert rules.checked_reason(" \n ") is None
    assert rules.checked_reason(None) is None
    with pytest.raises(BadInputError, match="1000"):
        rules.checked_reason("x" * 1001)


def test_a_patient_arrives_two_hours_before_the_visit_at_the_earliest() -> None:
    rules.check_arrival(START, START - 2 * HOUR)
    with pytest.raises(ConflictError):
        rules.check_arrival(START, START - 2 * HOUR - timedelta(seconds=1))


def test_a_visit_is_done_only_after_it_began_or_the_patient_came() -> None:
    rules.check_fulfilment(Status.ARRIVED, START, START - HOUR)
    rules.check_fulfilment(Status.BOOKED, START, START)
    with pytest.raises(ConflictError):
        rules.check_fulfilment(Status.BOOKED, START, START - timedelta(seconds=1))


def test_nobody_is_absent_before_the_visit_began() -> None:
    rules.check_absence(START, START)
    with pytest.raises(ConflictError):
        rules.check_absence(START, START - timedelta(seconds=1))


def test_patients_change_a_visit_only_before_it_begins() -> None:
    rules.check_change_by_patient(START, START - timedelta(seconds=1))
    with pytest.raises(ConflictError, match="call the centre"):
        rules.check_change_by_patient(START, START)


def refund(amount: int, percent: int, *, hours_before: float, by_patient: bool = True, currency: str = "EUR") -> int:
    return rules.refund_of(
        Money(currency, amount),
        by_patient=by_patient,
        now=START - hours_before * HOUR,
        free_until=rules.free_until(START, 24),
        late_percent=percent,
    ).amount


def test_all_goes_back_until_the_deadline_and_a_part_after_it() -> None:
    assert refund(4800, 50, hours_before=24) == 4800
    assert refund(4800, 50, hours_before=23.99) == 2400
    assert refund(4800, 0, hours_before=1) == 0
    assert refund(4800, 100, hours_before=1) == 4800


def test_all_goes_back_when_the_centre_cancels_however_late() -> None:
    assert refund(4800, 0, hours_before=0.1, by_patient=False) == 4800


def test_a_part_is_rounded_in_the_patients_favour_to_what_the_currency_can_pay() -> None:
    assert refund(999, 50, hours_before=1) == 500
    assert refund(1_010, 50, hours_before=1, currency="KWD") == 510
    assert refund(1_300, 50, hours_before=1, currency="ISK") == 700
    assert refund(999, 50, hours_before=1, currency="JPY") == 500


@given(st.integers(1, 10**7), st.integers(0, 100), st.sampled_from(["EUR", "JPY", "KWD", "ISK"]))
def test_never_more_goes_back_than_was_paid_and_never_less_than_the_part(
    amount: int, percent: int, currency: str
) -> None:
    back = refund(amount, percent, hours_before=1, currency=currency)
    assert 0 <= back <= amount
    assert back * 100 >= amount * percent


def test_moving_a_visit_does_not_win_a_lost_deadline_back() -> None:
    later = START + 240 * HOUR
    before = rules.free_until(START, 24)
    in_time, late = before - HOUR, before + HOUR
    assert rules.free_until_after_move(before, later, 24, in_time, by_patient=True) == later - 24 * HOUR
    assert rules.free_until_after_move(before, later, 24, late, by_patient=True) == before
    assert rules.free_until_after_move(before, later, 24, late, by_patient=False) == later - 24 * HOUR
