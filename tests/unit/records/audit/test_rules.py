"""What an entry hashes to, and for what reason somebody looks."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.ids import new_id
from records.access import Relation
from records.audit.rules import Action, Entry, Why, entry_from, entry_json, leaf_hash, said, why_of
from records.canonical import canonical

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def entry(**change: object) -> Entry:
    made = Entry(new_id(), NOW, new_id(), Action.READ, new_id(), "prescription", new_id(), Why.CARE)
    return replace(made, **change)  # type: ignore[arg-type]


def test_the_hash_of_an_entry_is_frozen_and_knows_no_time_zone() -> None:
    one = Entry(UUID(int=1), NOW, UUID(int=2), Action.WRITE, UUID(int=3), "prescription", None, Why.CARE)
    assert leaf_hash(one).hex() == "4f26e1ac4f484d3e563838d34722fc4f103430161dd01e7554c20a252130f159"
    assert leaf_hash(replace(one, at=NOW.astimezone(timezone(timedelta(hours=2))))) == leaf_hash(one)
    assert leaf_hash(one) == hashlib.sha256(b"\x00" + entry_json(one)).digest()


# Lone surrogates cannot be in the database's text.
WORDS = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)


@given(WORDS, WORDS, WORDS, some.uuids(), some.none() | some.uuids(), some.datetimes(timezones=some.just(UTC)))
def test_the_quick_way_to_write_an_entry_is_the_canonical_one(
    action: str, table: str, why: str, one: UUID, other: UUID | None, at: datetime
) -> None:
    """Whatever somebody puts into the database's columns."""
    made = Entry(one, at, other, action, one, table, other, why)  # type: ignore[arg-type]
    assert entry_json(made) == canonical(said(made))


@given(WORDS, WORDS, WORDS, some.uuids(), some.none() | some.uuids(), some.datetimes(timezones=some.just(UTC)))
def test_what_stands_in_a_file_is_read_as_the_same_entry(
    action: str, table: str, why: str, one: UUID, other: UUID | None, at: datetime
) -> None:
    made = Entry(one, at, other, action, one, table, other, why)  # type: ignore[arg-type]
    assert entry_from(said(made)) == made


@pytest.mark.parametrize("wrong", [{}, {"id": 7}, {**said(entry()), "at": "yesterday"}, {**said(entry()), "id": "x"}])
def test_what_is_no_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        entry_from(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"id": new_id()},
        {"at": NOW + timedelta(microseconds=1)},
        {"actor": None},
        {"action": Action.WRITE},
        {"subject": new_id()},
        {"table": "other"},
        {"row": None},
        {"why": Why.OWN},
    ],
)
def test_each_field_is_in_the_hash(change: dict[str, object]) -> None:
    one = entry()
    assert leaf_hash(replace(one, **change)) != leaf_hash(one)  # type: ignore[arg-type]


def test_the_reason_is_what_lets_them() -> None:
    assert {relation.value: why_of(relation).value for relation in Relation} == {
        "self": "own",
        "guardian": "guardian",
        "treats": "care",
        "sees": "care",
        "consent": "consent",
        "emergency": "emergency",
    }


def test_a_word_that_is_no_text_anywhere_else_is_still_an_entry_that_can_be_hashed() -> None:
    """Half a sign: PostgreSQL takes none, so it was put into a file."""
    made = entry(table="a\ud800b", action="caf\u00e9")
    assert b"a\xed\xa0\x80b" in entry_json(made)
    assert "caf\u00e9".encode() in entry_json(made)


def test_what_is_no_entry_is_said_so() -> None:
    with pytest.raises(ValueError, match=r"^That is no entry of an audit\.$"):
        entry_from({})
