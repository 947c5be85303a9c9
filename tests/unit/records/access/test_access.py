"""Who may read or write what: every cell of kind, relation and deed."""

from uuid import UUID

import pytest

from core.errors import RefusedError
from core.ids import new_id
from records.access import Kind, Reader, may_read, may_write, require_read, require_write

ANNA, DOCTOR, OTHER_DOCTOR = new_id(), new_id(), new_id()

RELATIONS = {
    "a stranger": Reader(new_id(), frozenset({new_id()}), frozenset(), None),
    "the patient or a guardian": Reader(new_id(), frozenset({ANNA}), frozenset(), None),
    "a doctor who treats": Reader(new_id(), frozenset(), frozenset({ANNA}), DOCTOR),
    "a doctor who treats others": Reader(new_id(), frozenset(), frozenset({new_id()}), DOCTOR),
    "one who is no doctor any more": Reader(new_id(), frozenset(), frozenset({ANNA}), None),
    "a doctor who is the patient": Reader(new_id(), frozenset({ANNA}), frozenset(), DOCTOR),
    "a doctor who treats their own child": Reader(new_id(), frozenset({ANNA}), frozenset({ANNA}), DOCTOR),
}
# relation: (kinds they read, kinds they write)
MATRIX: dict[str, tuple[set[Kind], set[Kind]]] = {
    "a stranger": (set(), set()),
    "the patient or a guardian": ({Kind.PRESCRIPTION, Kind.AUDIT}, set()),
    "a doctor who treats": ({Kind.PRESCRIPTION}, {Kind.PRESCRIPTION}),
    "a doctor who treats others": (set(), set()),
    "one who is no doctor any more": (set(), set()),
    "a doctor who is the patient": ({Kind.PRESCRIPTION, Kind.AUDIT}, set()),
    "a doctor who treats their own child": ({Kind.PRESCRIPTION, Kind.AUDIT}, {Kind.PRESCRIPTION}),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("who", RELATIONS)
def test_each_cell_of_the_matrix(who: str, kind: Kind) -> None:
    reads, writes = MATRIX[who]
    reader = RELATIONS[who]
    assert may_read(reader, kind, ANNA) == (kind in reads)
    assert may_write(reader, kind, ANNA) == (kind in writes)
    assert _passes(require_read, reader, kind) == (kind in reads)
    assert _passes(require_write, reader, kind) == (kind in writes)


def test_what_another_doctor_wrote_stays_as_it_is() -> None:
    treating = RELATIONS["a doctor who treats"]
    assert may_write(treating, Kind.PRESCRIPTION, ANNA, author=DOCTOR)
    assert not may_write(treating, Kind.PRESCRIPTION, ANNA, author=OTHER_DOCTOR)
    with pytest.raises(RefusedError):
        require_write(treating, Kind.PRESCRIPTION, ANNA, author=OTHER_DOCTOR)


def test_being_the_author_is_not_enough() -> None:
    elsewhere = RELATIONS["a doctor who treats others"]
    assert not may_write(elsewhere, Kind.PRESCRIPTION, ANNA, author=DOCTOR)


def _passes(require: object, reader: Reader, kind: Kind) -> bool:
    assert callable(require)
    patient: UUID = ANNA
    try:
        require(reader, kind, patient)
    except RefusedError:
        return False
    return True
