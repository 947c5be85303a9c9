"""When the keeper may leave, and that nobody gets its power."""

import pytest

from appservice.matrix.consultation import creation, may_leave, power_levels

PATIENT, DOCTOR, PARENT = "@patient:here", "@doctor:here", "@parent:here"
FAR_PATIENT, FAR_DOCTOR = "@patient:far", "@doctor:far"


@pytest.mark.parametrize(
    ("patients", "doctors", "joined", "done"),
    [
        ({PATIENT}, {DOCTOR}, {PATIENT, DOCTOR}, True),
        ({PATIENT}, {DOCTOR}, {PATIENT}, False),
        ({PATIENT}, {DOCTOR}, {DOCTOR}, False),
        ({PATIENT}, {DOCTOR}, set(), False),
        ({PATIENT, PARENT}, {DOCTOR}, {PARENT, DOCTOR}, True),
        ({FAR_PATIENT}, {DOCTOR}, {DOCTOR}, True),
        ({FAR_PATIENT}, {DOCTOR}, {FAR_PATIENT}, False),
        ({FAR_PATIENT, PARENT}, {DOCTOR}, {DOCTOR}, False),
        ({FAR_PATIENT}, {FAR_DOCTOR}, {FAR_PATIENT}, False),
        ({FAR_PATIENT}, {FAR_DOCTOR}, {FAR_PATIENT, FAR_DOCTOR}, True),
        ({PATIENT}, set(), {PATIENT}, False),
    ],
)
def test_the_keeper_leaves_when_the_two_are_in(
    patients: set[str], doctors: set[str], joined: set[str], *, done: bool
) -> None:
    assert may_leave([patients, doctors], joined | {"@keeper:here"}, "here") is done


def test_a_room_says_which_visit_it_is_and_nothing_else() -> None:
    body = creation("@keeper:here", "7F3K2A", lobby="!lobby:here", team={PATIENT: "patient", DOCTOR: "practitioner"})
    assert body["name"] == "Visit 7F3K2A"
    assert "topic" not in body
    assert body["initial_state"][0]["type"] == "m.room.encryption"


@pytest.mark.parametrize("closed", [False, True])
def test_only_the_keeper_may_change_what_protects(*, closed: bool) -> None:
    levels = power_levels("@keeper:here", closed=closed)
    assert levels["users"] == {"@keeper:here": 100}
    for kind in ("m.room.encryption", "m.room.history_visibility", "m.room.power_levels", "m.room.join_rules"):
        assert levels["events"][kind] > levels["users_default"]
    assert levels["state_default"] > levels["users_default"]
    assert (levels["events_default"] > levels["users_default"]) is closed
