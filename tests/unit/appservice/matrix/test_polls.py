"""Polls, in the form that Element shows, and votes in either form."""

from typing import Any

import pytest

from appservice.matrix.polls import RESPONSE, START, answered, labels, start
from appservice.matrix.reading import read

VOTE = {"m.relates_to": {"rel_type": "m.reference", "event_id": "$poll"}}


def test_the_lines_of_a_list_are_the_answers() -> None:
    listed = "Which?\n\n1. **Take** it\n   now\n2. Leave it\n\nAnswer with a number."
    assert labels(listed, 2) == {"1": "Take it", "2": "Leave it"}
    assert labels("1\\. 09:00 **Anna**\n2\\. 09:30 Ben", 2) == {"1": "09:00 Anna", "2": "09:30 Ben"}


def test_a_list_that_is_not_there_makes_no_poll() -> None:
    assert labels("Which?", 2) == {}
    assert labels("1. one", 0) == {}


def test_a_poll_reads_as_well_without_polls() -> None:
    made = start("Your answer", {"yes": "Yes", "no": "No"})
    assert made["org.matrix.msc1767.text"] == "Your answer\n• Yes\n• No"
    assert [each["id"] for each in made[START]["answers"]] == ["yes", "no"]
    assert made[START]["max_selections"] == 1


@pytest.mark.parametrize(
    ("kind", "vote"),
    [(RESPONSE, {RESPONSE: {"answers": ["2"]}}), ("m.poll.response", {"m.selections": ["2"]})],
)
def test_a_vote_is_a_tap(kind: str, vote: dict[str, Any]) -> None:
    assert answered(kind, VOTE | vote) == ("2", "$poll")
    said = read(kind, VOTE | vote)
    assert said
    assert (said.kind, said.reaction, said.about) == ("reaction", "2", "$poll")


@pytest.mark.parametrize(
    "content",
    [
        {},
        VOTE,
        VOTE | {RESPONSE: {"answers": []}},
        VOTE | {RESPONSE: {"answers": ["1", "2"]}},
        VOTE | {RESPONSE: {"answers": [7]}},
        {RESPONSE: "x"},
        {"m.relates_to": 1, RESPONSE: {"answers": ["1"]}},
    ],
)
def test_what_is_no_vote_for_one_thing_is_passed_over(content: dict[str, Any]) -> None:
    assert answered(RESPONSE, content) is None


def test_a_message_in_a_thread_is_about_what_the_thread_is_about() -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    text = {"msgtype": "m.text", "body": "2"}
    falling_back = read("m.room.message", {**text, "m.relates_to": {**thread, "is_falling_back": True}})
    replying = read("m.room.message", {**text, "m.relates_to": {**thread, "is_falling_back": False}})
    assert falling_back
    assert falling_back.about == "$root"
    assert replying
    assert replying.about == "$last"
