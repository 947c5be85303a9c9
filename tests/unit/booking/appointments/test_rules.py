"""The appointment's machine and the price of cancelling, decided without a database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.appointments import rules
from booking.appointments.rules import MOVES, Status, check_move
from booking.directory.model import Patients
from core.errors import BadInputError, ConflictError, UserError
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


SAID: list[tuple[Callable[[], Any], str]] = [
    *[
        (lambda status=status, check=check, to=to: check(status, *to), f"{before}: the visit is {words}.")
        for status, words in (
            (Status.PENDING, "not paid yet"),
            (Status.BOOKED, "booked"),
            (Status.FULFILLED, "over"),
            (Status.CANCELLED, "cancelled already"),
            (Status.ENTERED_IN_ERROR, "marked as a mistake"),
        )
        for check, to, before in (
            (check_move, (Status.PROPOSED,), "That can't be done"),
            (rules.check_proposed, (), "There is nothing to approve"),
            (rules.check_offered, (), "There is nothing to take"),
            (rules.check_missed, (), "There is nothing to take back"),
        )
    ],
    (lambda: check_move(Status.ARRIVED, Status.BOOKED), "That can't be done: the visit is under way."),
    (lambda: check_move(Status.NOSHOW, Status.BOOKED), "That can't be done: the visit is marked as missed."),
    (lambda: check_move(Status.PROPOSED, Status.ARRIVED), "That can't be done: the visit is not approved yet."),
    (
        lambda: check_move(Status.WAITLIST, Status.ARRIVED),
        "That can't be done: the visit is offered, and not taken yet.",
    ),
    (lambda: rules.check_start(START, START), "That time has passed. Please choose one that is still to come."),
    (
        lambda: rules.checked_reason("x" * 1001),
        "Please say it in 1000 letters or less; the rest you can tell the doctor.",
    ),
    (
        lambda: rules.check_arrival(START, START - 3 * HOUR),
        "It is too early for that: the visit begins in more than two hours.",
    ),
    (
        lambda: rules.check_fulfilment(Status.BOOKED, START, START - HOUR),
        "It is too early for that: the visit has not begun, and the patient has not arrived.",
    ),
    (lambda: rules.check_absence(START, START - HOUR), "It is too early for that: the visit has not begun."),
    (
        lambda: rules.check_change_by_patient(START, START),
        "That visit has begun already. Please call the centre.",
    ),
    (
        lambda: rules.check_patients(Patients.NEW, known=True),
        "That is for new patients. Please choose another kind of visit with this doctor.",
    ),
    (
        lambda: rules.check_patients(Patients.KNOWN, known=False),
        "That is for patients who were there before. Please choose a first visit instead.",
    ),
    (
        lambda: rules.approval_until(START, START - 2 * HOUR + timedelta(seconds=1)),
        "The centre has to approve this visit first, and it begins too soon for that. Please choose a later time.",
    ),
]


@pytest.mark.parametrize(("refused", "sentence"), SAID)
def test_what_is_refused_is_said_word_for_word(refused: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(UserError) as said:
        refused()
    assert str(said.value) == sentence


def test_what_is_asked_for_is_let_through() -> None:
    rules.check_proposed(Status.PROPOSED)
    rules.check_offered(Status.WAITLIST)
    rules.check_missed(Status.NOSHOW)
    for wanted, known in (
        (Patients.NEW, False),
        (Patients.KNOWN, True),
        *((each, known) for each in set(Patients) - {Patients.NEW, Patients.KNOWN} for known in (True, False)),
    ):
        rules.check_patients(wanted, known=known)
    rules.check_absence(START, START)
    assert rules.checked_reason("x" * 1000) == "x" * 1000


@pytest.mark.parametrize(
    ("before_start", "until"),
    [
        (2 * HOUR, START - HOUR),
        (24 * HOUR, START - HOUR),
        (25 * HOUR, START - HOUR),
        (26 * HOUR, START - 2 * HOUR),
        (100 * HOUR, START - 76 * HOUR),
    ],
)
def test_a_centre_has_a_day_to_approve_and_no_longer_than_an_hour_before(
    before_start: timedelta, until: datetime
) -> None:
    assert rules.approval_until(START, START - before_start) == until


@pytest.mark.parametrize(
    ("before_start", "until"),
    [
        (100 * HOUR, START - 88 * HOUR),
        (13 * HOUR, START - HOUR),
        (5 * HOUR, START - HOUR),
        (timedelta(minutes=70), START - timedelta(minutes=55)),
        (timedelta(minutes=10), START + timedelta(minutes=5)),
    ],
)
def test_what_is_approved_is_kept_for_half_a_day_and_never_shorter_than_any_hold(
    before_start: timedelta, until: datetime
) -> None:
    assert rules.payment_until(START, START - before_start, 15) == until


@pytest.mark.parametrize(
    ("wanted", "limit", "misses", "needed"),
    [
        (False, None, 99, False),
        (True, None, 0, True),
        (False, 2, 1, False),
        (False, 2, 2, True),
        (False, 2, 3, True),
        (False, 0, 0, True),
        (True, 2, 0, True),
    ],
)
def test_who_missed_too_much_is_approved_first(wanted: bool, limit: int | None, misses: int, needed: bool) -> None:
    assert rules.needs_approval(wanted=wanted, limit=limit, misses=misses) is needed


def test_one_who_came_after_all_is_under_way_until_the_end() -> None:
    assert rules.status_after_return(START, START - timedelta(seconds=1)) is Status.ARRIVED
    assert rules.status_after_return(START, START) is Status.FULFILLED


def test_moving_in_the_last_moment_in_which_it_is_free_is_free() -> None:
    before = START - 24 * HOUR
    later = START + 100 * HOUR
    assert rules.free_until_after_move(before, later, 24, before, by_patient=True) == later - 24 * HOUR
    assert rules.free_until_after_move(before, later, 24, before + timedelta(seconds=1), by_patient=True) == before


@pytest.mark.parametrize(
    ("currency", "amount", "percent", "part"),
    [
        ("EUR", 1001, 50, 501),
        ("EUR", 999, 100, 999),
        ("KWD", 1001, 50, 510),
        ("ISK", 1001, 50, 600),
        ("EUR", 10, 33, 4),
    ],
)
def test_a_part_is_rounded_up_to_what_can_be_paid(currency: str, amount: int, percent: int, part: int) -> None:
    assert rules.share_of(Money(currency, amount), percent) == Money(currency, part)
