"""Who may do what: every cell of relation, kind and deed against a table that was written by hand."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from uuid import UUID

import pytest

from core.errors import RefusedError
from core.ids import new_id
from records.access import (
    SHAREABLE,
    Deed,
    Kind,
    Reader,
    Relation,
    decide,
    may_read,
    relations,
    require_change,
    require_list,
    require_read,
    require_write,
)

ANNA, BEN, DOCTOR, COLLEAGUE = new_id(), new_id(), new_id(), new_id()
PERSON = new_id()

# For each kind and relation: R reads all; r reads what belongs to their own visits; W writes new ones;
# C changes what they wrote themselves.
TABLE = """
               self  guardian  treats  sees  consent  emergency
prescription   R     R         RWC     rC    R        R
note           R     R         RWC     rC    R        RW
referral       R     R         RWC     rC    R        R
sick-note      R     R         RWC     rC    R        -
attachment     RWC   RWC       RWC     rC    R        R
allergies      RW    RW        RW      -     R        RW
history        R     R         R       -     R        R
reason         RW    RW        R       r     R        R
name           RW    RW        R       r     R        R
consent        RW    RW        -       -     -        -
export         R     R         -       -     -        -
audit          R     R         -       -     -        -
"""
_HEAD, *_LINES = TABLE.strip().splitlines()
EXPECTED = {
    (line.split()[0], relation): cell
    for line in _LINES
    for relation, cell in zip(_HEAD.split(), line.split()[1:], strict=True)
}
AUTHORS = {"nobody or everybody": None, "they themselves": DOCTOR, "another doctor": COLLEAGUE}


def reader_with(held: frozenset[Relation], *, doctor: bool = True, patient: UUID = ANNA) -> Reader:
    """Somebody who has these relations to a patient, and none to others."""

    def if_held(relation: Relation) -> frozenset[UUID]:
        return frozenset({patient}) if relation in held else frozenset()

    return Reader(
        PERSON,
        own=if_held(Relation.SELF) | if_held(Relation.GUARDIAN),
        treats=if_held(Relation.TREATS),
        practitioner_id=DOCTOR if doctor else None,
        wards=if_held(Relation.GUARDIAN),
        sees=if_held(Relation.SEES),
        consents=frozenset((patient, kind) for kind in Kind) if Relation.CONSENT in held else frozenset(),
        emergencies=if_held(Relation.EMERGENCY),
    )


def allowed(relation: Relation, kind: Kind, deed: Deed, author: UUID | None) -> bool:
    """What the table says."""
    cell = EXPECTED[kind.value, relation.value]
    side = relation in {Relation.SELF, Relation.GUARDIAN}
    if deed is Deed.READ:
        return "R" in cell or ("r" in cell and author == DOCTOR)
    if deed is Deed.WRITE:
        return "W" in cell and author != COLLEAGUE
    return "C" in cell and author == (None if side else DOCTOR)


def test_the_table_has_a_cell_for_each_kind_and_relation() -> None:
    assert set(EXPECTED) == {(kind.value, relation.value) for kind in Kind for relation in Relation}


@pytest.mark.parametrize("author", AUTHORS)
@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("kind", Kind)
def test_each_cell_of_the_matrix(kind: Kind, deed: Deed, author: str) -> None:
    """Each relation alone, and each two and three together: the strongest that allows it is the reason."""
    who = AUTHORS[author]
    for count in (1, 2, 3):
        for held in combinations(Relation, count):
            if {Relation.SELF, Relation.GUARDIAN} <= {*held}:
                continue  # one is not one's own guardian
            reader = reader_with(frozenset(held))
            by = [relation for relation in held if allowed(relation, kind, deed, who)]
            assert decide(reader, deed, kind, ANNA, author=who) == (by[0] if by else None), held
            assert decide(reader, deed, kind, BEN, author=who) is None


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("relation", [Relation.TREATS, Relation.SEES, Relation.EMERGENCY])
def test_one_who_is_no_doctor_any_more_treats_nobody(relation: Relation, kind: Kind) -> None:
    reader = reader_with(frozenset({relation}), doctor=False)
    assert relations(reader, kind, ANNA) == frozenset()
    for deed in Deed:
        for author in AUTHORS.values():
            assert decide(reader, deed, kind, ANNA, author=author) is None


@pytest.mark.parametrize("kind", Kind)
def test_a_stranger_may_nothing(kind: Kind) -> None:
    for stranger in (reader_with(frozenset()), reader_with(frozenset(), doctor=False)):
        for deed in Deed:
            for author in AUTHORS.values():
                assert decide(stranger, deed, kind, ANNA, author=author) is None


def test_a_doctor_who_is_the_patient_writes_no_prescription_to_themselves() -> None:
    assert decide(reader_with(frozenset({Relation.SELF})), Deed.WRITE, Kind.PRESCRIPTION, ANNA, author=DOCTOR) is None


@pytest.mark.parametrize("kind", sorted(SHAREABLE))
def test_consent_opens_its_kind_and_the_name_and_nothing_else(kind: Kind) -> None:
    reader = Reader(PERSON, frozenset(), frozenset(), None, consents=frozenset({(ANNA, kind)}))
    assert {each for each in Kind if may_read(reader, each, ANNA)} == {kind, Kind.NAME}
    assert not any(may_read(reader, each, BEN) for each in Kind)


def test_what_can_be_shared() -> None:
    assert {kind.value for kind in SHAREABLE} == {
        "prescription", "note", "referral", "sick-note", "attachment", "allergies", "history", "reason",
    }  # fmt: skip


REQUIRE: dict[Deed, Callable[..., object]] = {
    Deed.READ: require_read,
    Deed.WRITE: require_write,
    Deed.CHANGE: require_change,
}


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("relation", Relation)
def test_what_is_required_is_what_is_decided(relation: Relation, kind: Kind, deed: Deed) -> None:
    reader = reader_with(frozenset({relation}))
    for author in AUTHORS.values():
        if decide(reader, deed, kind, ANNA, author=author):
            assert REQUIRE[deed](reader, kind, ANNA, author=author) is relation
        else:
            with pytest.raises(RefusedError):
                REQUIRE[deed](reader, kind, ANNA, author=author)
        assert may_read(reader, kind, ANNA, author=author) == bool(decide(reader, Deed.READ, kind, ANNA, author=author))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("relation", Relation)
def test_a_list_holds_what_may_be_read(relation: Relation, kind: Kind) -> None:
    cell = EXPECTED[kind.value, relation.value]
    reader = reader_with(frozenset({relation}))
    if "R" in cell:
        assert require_list(reader, kind, ANNA) == (relation, None)
    elif "r" in cell:
        assert require_list(reader, kind, ANNA) == (relation, DOCTOR)
    else:
        with pytest.raises(RefusedError):
            require_list(reader, kind, ANNA)


def test_a_ward_is_one_whom_the_reader_speaks_for_and_nobody_else() -> None:
    """A guardian's time is over: the patient is no more among those that the reader may speak for."""
    over = Reader(new_id(), own=frozenset(), treats=frozenset(), practitioner_id=None, wards=frozenset({ANNA}))
    assert relations(over, Kind.NOTE, ANNA) == frozenset()
    herself = replace(over, own=frozenset({ANNA}), wards=frozenset({BEN}))
    assert relations(herself, Kind.NOTE, ANNA) == {Relation.SELF}
