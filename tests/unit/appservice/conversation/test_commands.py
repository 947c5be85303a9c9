"""The words of commands are found by those who may use them, and by nobody else."""

from dataclasses import replace
from uuid import uuid4

import pytest

import appservice.conversation.commands  # noqa: F401  (declares them)
from appservice.conversation.registry import COMMANDS, find, nearest
from booking.people.service import Patient, Person

ANNA = Person(
    id=uuid4(),
    mxid="@anna:localhost",
    timezone="Europe/Berlin",
    timezone_chosen=True,
    language="en",
    reminder_minutes=(1440, 60),
    patient=Patient(uuid4(), "Anna", None),
    family=(),
    practitioner_id=None,
    administers=frozenset(),
    platform_admin=False,
)
OSEI = replace(ANNA, practitioner_id=uuid4())
CLARA = replace(ANNA, administers=frozenset({uuid4()}))
PAUL = replace(ANNA, platform_admin=True)


def first_word(text: str, person: Person = ANNA) -> str | None:
    found = find(text, person)
    return found[0].words[0] if found else None


def test_the_longest_words_win() -> None:
    assert first_word("add family Mia") == "add family"
    assert first_word("prescription K7QM3F") == "prescription"
    assert first_word("prescriptions") == "prescriptions"


def test_what_follows_the_words_is_handed_on_as_it_was_written() -> None:
    found = find("Cancel: K7QM3F", ANNA)
    assert found
    assert found[1] == "K7QM3F"


def test_a_word_within_a_word_is_none() -> None:
    assert first_word("movement disorders") is None
    assert first_word("history teacher") == "history"


def test_a_word_that_stands_alone_is_none_with_more_behind_it() -> None:
    assert first_word("hello") == "hello"
    assert first_word("hello I need a dentist") is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Please remind me one day before", "remind me"),
        ("bitte absagen", "cancel"),
        ("Thank you very much and good bye", "thanks"),
        ("Gracias, bye!", "thanks"),
        ("danke, tschüss", "thanks"),
        ("bye", "thanks"),
        ("please", None),
        ("please do not call me", None),
        ("goodbye dinner", None),
    ],
)
def test_kind_words_around_a_command_change_nothing(text: str, word: str | None) -> None:
    assert first_word(text) == word


@pytest.mark.parametrize(
    ("text", "word", "who"),
    [
        ("how do I start?", "help", ANNA),
        ("I have forgotten when my appointment is", "appointments", ANNA),
        ("i need an invoice for my insurance", "receipt", ANNA),
        ("who is here today?", "today", OSEI),
        ("show my day", "today", OSEI),
        ("whos next", "next", OSEI),
        ("im runing late 15", "late", OSEI),
        ("list centres", "centres", PAUL),
        ("add a clinic", "add centre", PAUL),
    ],
)
def test_what_people_say_at_first_is_a_command(text: str, word: str, who: Person) -> None:
    assert first_word(text, who) == word


@pytest.mark.parametrize(
    ("text", "who"),
    [("prescribe K7QM3F", OSEI), ("bookings", CLARA), ('add doctor "Dr A" skin', CLARA), ("centres", PAUL)],
)
def test_words_of_a_part_are_words_of_that_part_alone(text: str, who: Person) -> None:
    assert find(text, who)
    assert find(text, ANNA) is None
    assert nearest(text, ANNA) is None or not text.startswith(str(nearest(text, ANNA)))


@pytest.mark.parametrize(("text", "meant"), [("appoinments", "appointments"), ("cancle", "cancel"), ("hlep", "help")])
def test_misspelt_words_have_a_nearest_meaning(text: str, meant: str) -> None:
    assert nearest(text, ANNA) == meant


def test_start_alone_is_a_greeting_and_with_a_visit_it_begins() -> None:
    assert first_word("start", OSEI) == "hello"
    assert first_word("start K7QM3F", OSEI) == "start"


def test_no_two_commands_share_a_word() -> None:
    words = [(word, each.bare) for each in COMMANDS for word in each.words]
    assert len(words) == len(set(words))
