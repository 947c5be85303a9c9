"""Who may do what: every role with every action. What is not listed is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from booking.access import (
    may_administer,
    may_book_for,
    may_edit_centre,
    may_run_visit,
    may_see_visit,
    may_set_hours,
    require,
)
from booking.people.service import Patient, Person
from core.errors import RefusedError
from core.ids import new_id

CENTRE, OTHER_CENTRE = new_id(), new_id()
DOCTOR, OTHER_DOCTOR = new_id(), new_id()
PATIENT = new_id()
VISIT = {"patient_id": PATIENT, "practitioner_id": DOCTOR, "centre_id": CENTRE}

STRANGER = Person(
    id=new_id(),
    mxid="@stranger:localhost",
    timezone="Europe/Berlin",
    timezone_chosen=False,
    language="en",
    reminder_minutes=(),
    patient=Patient(new_id(), None, None),
    family=(),
    practitioner_id=None,
    administers=frozenset(),
    platform_admin=False,
)
ROLES = {
    "stranger": STRANGER,
    "patient": replace(STRANGER, patient=Patient(PATIENT, "Anna", None)),
    "guardian": replace(STRANGER, family=(Patient(new_id(), "Ben", None), Patient(PATIENT, "Cleo", None))),
    "guardian of another": replace(STRANGER, family=(Patient(new_id(), "Ben", None),)),
    "doctor": replace(STRANGER, practitioner_id=DOCTOR),
    "doctor of the same centre": replace(STRANGER, practitioner_id=OTHER_DOCTOR),
    "clinic admin": replace(STRANGER, administers=frozenset({CENTRE})),
    "admin of another clinic": replace(STRANGER, administers=frozenset({OTHER_CENTRE})),
    "platform admin": replace(STRANGER, platform_admin=True),
}
ACTIONS: dict[str, Callable[[Person], bool]] = {
    "book for the patient": lambda person: may_book_for(person, PATIENT),
    "see the visit": lambda person: may_see_visit(person, **VISIT),
    "run the visit": lambda person: may_run_visit(person, practitioner_id=DOCTOR, centre_id=CENTRE),
    "look into the centre": lambda person: may_administer(person, CENTRE),
    "edit the centre": lambda person: may_edit_centre(person, CENTRE),
    "set the doctor's hours": lambda person: may_set_hours(person, DOCTOR, CENTRE),
}
ALLOWED = {
    ("patient", "book for the patient"),
    ("patient", "see the visit"),
    ("guardian", "book for the patient"),
    ("guardian", "see the visit"),
    ("doctor", "see the visit"),
    ("doctor", "run the visit"),
    ("doctor", "set the doctor's hours"),
    ("clinic admin", "see the visit"),
    ("clinic admin", "run the visit"),
    ("clinic admin", "look into the centre"),
    ("clinic admin", "edit the centre"),
    ("clinic admin", "set the doctor's hours"),
    ("platform admin", "edit the centre"),
    ("platform admin", "set the doctor's hours"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_just_what_is_listed(role: str, action: str) -> None:
    assert ACTIONS[action](ROLES[role]) is ((role, action) in ALLOWED)


def test_a_refusal_does_not_tell_whether_the_thing_exists() -> None:
    with pytest.raises(RefusedError) as refused:
        require(False)
    assert str(refused.value) == "You may not do that, or there is no such thing."


def test_what_is_allowed_goes_on() -> None:
    require(True)
