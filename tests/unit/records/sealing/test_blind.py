"""Blind index values: the same for the same value in the same place, and telling nothing across places."""

from uuid import UUID

from records.blind import blind
from records.envelope import SubjectKey

KEY = SubjectKey(UUID(int=7), bytes(range(32)), 3)
CENTRE = UUID(int=1)


def test_a_value_is_frozen() -> None:
    assert blind(KEY, "anna lind", centre=CENTRE, column="patient.name", form="name 1").hex() == "73f1c2b71b138d09"


def test_key_centre_column_form_and_value_all_make_a_difference() -> None:
    other = SubjectKey(UUID(int=7), bytes(range(1, 33)), 3)
    values = {
        blind(KEY, "anna lind", centre=CENTRE, column="patient.name", form="name 1"),
        blind(other, "anna lind", centre=CENTRE, column="patient.name", form="name 1"),
        blind(KEY, "anna lind", centre=UUID(int=2), column="patient.name", form="name 1"),
        blind(KEY, "anna lind", centre=CENTRE, column="patient.nam", form="ename 1"),
        blind(KEY, "anna lind", centre=CENTRE, column="patient.name", form="name 2"),
        blind(KEY, "anna linde", centre=CENTRE, column="patient.name", form="name 1"),
    }
    assert len(values) == 6
    assert {len(each) for each in values} == {8}
