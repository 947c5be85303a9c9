"""The chain shows every change to an entry or to the order of entries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from core.ids import new_id
from records.audit.rules import NOTHING, Action, Checker, Entry, Link, Verdict, Why, leaf_hash, next_head

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def entry(**change: object) -> Entry:
    made = Entry(new_id(), NOW, new_id(), Action.READ, new_id(), "prescription", new_id(), Why.CARE)
    return replace(made, **change)  # type: ignore[arg-type]


def chain_of(entries: list[Entry]) -> list[Link]:
    links, head = [], NOTHING
    for position, each in enumerate(entries, 1):
        head = next_head(head, leaf_hash(each))
        links.append(Link(position, head, each, leaf_hash(each)))
    return links


def verdict_on(links: list[Link], size: int = 4) -> Verdict:
    checker = Checker()
    end = chain[-1].head
    assert end is not None
    for link in links:
        if not checker.follow(link):
            break
    return checker.verdict(size, end)


chain = chain_of([entry() for _ in range(4)])


def test_an_untouched_chain_is_sound() -> None:
    assert verdict_on(chain) == Verdict(4, chain[-1].head or b"")
    assert verdict_on(chain).sound


def test_the_hash_of_an_entry_is_frozen_and_knows_no_time_zone() -> None:
    one = Entry(UUID(int=1), NOW, UUID(int=2), Action.WRITE, UUID(int=3), "prescription", None, Why.CARE)
    assert leaf_hash(one).hex() == "4f26e1ac4f484d3e563838d34722fc4f103430161dd01e7554c20a252130f159"
    assert leaf_hash(replace(one, at=NOW.astimezone(timezone(timedelta(hours=2))))) == leaf_hash(one)


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
def test_a_changed_field_shows(change: dict[str, object]) -> None:
    second = chain[1].entry
    assert second is not None
    changed = replace(chain[1], entry=replace(second, **change))  # type: ignore[arg-type]
    assert verdict_on([chain[0], changed, *chain[2:]]).fault == "Entry 2 was changed."


def test_an_entry_rewritten_with_its_hash_shows() -> None:
    forged = entry()
    links = [chain[0], replace(chain[1], entry=forged, leaf=leaf_hash(forged)), *chain[2:]]
    assert verdict_on(links).fault == "The chain is broken at entry 2."


def test_a_deleted_entry_shows() -> None:
    assert verdict_on([chain[0], replace(chain[1], entry=None), *chain[2:]]).fault == "Entry 2 was deleted."
    assert verdict_on([chain[0], *chain[2:]]).fault == "Entry 2 is missing or out of order."
    assert verdict_on(chain[1:]).fault == "Entry 1 is missing or out of order."


def test_two_swapped_entries_show() -> None:
    one, two = chain[1], chain[2]
    swapped = [replace(one, entry=two.entry, leaf=two.leaf), replace(two, entry=one.entry, leaf=one.leaf)]
    assert verdict_on([chain[0], *swapped, chain[3]]).fault == "The chain is broken at entry 2."


def test_a_cut_end_shows() -> None:
    assert verdict_on(chain[:3]).fault == "The chain ends at entry 3, and should at entry 4."
    assert not verdict_on([]).sound


def test_an_entry_beside_the_chain_shows() -> None:
    stray = entry()
    assert verdict_on([*chain, Link(None, None, stray, leaf_hash(stray))]).fault == "An entry stands outside the chain."
