"""A consent's states and an emergency's, to the moment; and what cannot be shared or opened."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import BadInputError, ConflictError
from core.ids import new_id
from records.access import SHAREABLE, Kind
from records.consents.rules import (
    EMERGENCIES_AT_ONCE,
    EMERGENCY_LASTS,
    Consent,
    Emergency,
    State,
    checked_emergency,
    checked_grantee,
    checked_kinds,
    checked_until,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(microseconds=1), NOW + timedelta(microseconds=1)


def consent(until: datetime | None = None, withdrawn_at: datetime | None = None) -> Consent:
    return Consent(new_id(), new_id(), Kind.NOTE, new_id(), new_id(), NOW - timedelta(days=9), until, withdrawn_at)


@pytest.mark.parametrize(
    ("until", "withdrawn_at", "state"),
    [
        (None, None, State.ACTIVE),
        (AFTER, None, State.ACTIVE),
        (NOW, None, State.OVER),
        (BEFORE, None, State.OVER),
        (None, AFTER, State.ACTIVE),
        (None, NOW, State.WITHDRAWN),
        (None, BEFORE, State.WITHDRAWN),
        (AFTER, BEFORE, State.WITHDRAWN),
        (BEFORE, BEFORE, State.WITHDRAWN),
        (BEFORE, AFTER, State.OVER),
    ],
)
def test_a_consent_ends_by_its_date_or_by_being_withdrawn(
    until: datetime | None, withdrawn_at: datetime | None, state: State
) -> None:
    assert consent(until, withdrawn_at).state(NOW) is state


def test_the_words_of_its_states_are_frozen() -> None:
    assert [each.value for each in State] == ["active", "over", "withdrawn"]


def test_an_emergency_is_open_from_when_it_was_opened_for_four_hours() -> None:
    made = Emergency(new_id(), new_id(), new_id(), new_id(), "found unconscious", NOW, NOW + EMERGENCY_LASTS)
    assert timedelta(hours=4) == EMERGENCY_LASTS
    assert not made.open(BEFORE)
    assert made.open(NOW)
    assert made.open(NOW + EMERGENCY_LASTS - timedelta(microseconds=1))
    assert not made.open(NOW + EMERGENCY_LASTS)


def test_what_can_be_shared_is_taken_and_nothing_else() -> None:
    assert checked_kinds({Kind.NOTE, Kind.ALLERGIES}) == frozenset({Kind.NOTE, Kind.ALLERGIES})
    assert checked_kinds(SHAREABLE) == SHAREABLE
    with pytest.raises(BadInputError, match=r"^Say what to share, like: share prescriptions with @ama:example.org$"):
        checked_kinds([])
    for kind in set(Kind) - SHAREABLE:
        with pytest.raises(BadInputError, match=r"^Who looked, an export and what is shared are for you alone"):
            checked_kinds({Kind.NOTE, kind})


def test_until_when_is_ahead_and_within_ten_years() -> None:
    assert checked_until(None, NOW) is None
    assert checked_until(AFTER, NOW) == AFTER
    longest = NOW + timedelta(days=3660)
    assert checked_until(longest, NOW) == longest
    for past in (NOW, BEFORE):
        with pytest.raises(BadInputError, match=r"^That is past. Say until when to share, like: until 1 March$"):
            checked_until(past, NOW)
    with pytest.raises(BadInputError, match=r"^Ten years are the longest. Leave the date out"):
        checked_until(longest + timedelta(microseconds=1), NOW)


def test_one_shares_with_others_who_do_not_read_it_anyway() -> None:
    anna, mother, doctor = new_id(), new_id(), new_id()
    assert checked_grantee(doctor, anna, [anna, mother]) == doctor
    with pytest.raises(BadInputError, match=r"^That is you. Say with whom"):
        checked_grantee(anna, anna, [anna, mother])
    with pytest.raises(BadInputError, match=r"^They read all of it already"):
        checked_grantee(mother, anna, [anna, mother])


def test_an_emergency_needs_a_reason_in_words() -> None:
    assert checked_emergency("  found\n unconscious ", 0) == "found unconscious"
    assert checked_emergency("stroke now", 0) == "stroke now"  # ten letters
    assert checked_emergency("x" * 500, EMERGENCIES_AT_ONCE - 1) == "x" * 500
    for none in ("", "stroke no", "0123456789", ".........."):
        with pytest.raises(BadInputError, match=r"^Say in a few words what the emergency is"):
            checked_emergency(none, 0)
    with pytest.raises(BadInputError) as long:
        checked_emergency("x" * 501, 0)
    assert str(long.value) == "That is too long. Say it in 500 letters at most."


def test_a_doctor_has_five_open_at_once() -> None:
    assert EMERGENCIES_AT_ONCE == 5
    with pytest.raises(ConflictError) as most:
        checked_emergency("found unconscious", 5)
    assert str(most.value) == (
        "You have 5 emergency accesses open, which is the most at once. The first ends within 4 hours."
    )
