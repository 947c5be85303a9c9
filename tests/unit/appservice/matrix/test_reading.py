"""Events become what was said: words, taps, corrections; what is not for the bot is passed over."""

import pytest

from appservice.incoming import Attached
from appservice.matrix.reactions import NUMBERS, number_of
from appservice.matrix.reading import Said, read


def text(body: str, **more: object) -> dict[str, object]:
    return {"msgtype": "m.text", "body": body, **more}


@pytest.mark.parametrize(
    ("key", "number"),
    [
        *((emoji, str(n)) for n, emoji in enumerate(NUMBERS, 1)),
        ("1\u20e3", "1"),
        ("3", "3"),
        ("10", "10"),
        ("0", None),
        ("11", None),
        ("👍", None),
    ],
)
def test_numbers_are_read_from_any_form(key: str, number: str | None) -> None:
    assert number_of(key) == number


@pytest.mark.parametrize("key", ["👍", "👍\ufe0f", "👍🏽"])
def test_a_thumb_is_a_thumb(key: str) -> None:
    relation = {"rel_type": "m.annotation", "event_id": "$1", "key": key}
    assert read("m.reaction", {"m.relates_to": relation}) == Said("reaction", reaction="👍", about="$1")


def test_words_are_words() -> None:
    assert read("m.room.message", text("  hello ")) == Said("text", "hello")


def test_a_reply_says_to_what_and_leaves_the_quotation_out() -> None:
    relation = {"m.in_reply_to": {"event_id": "$1"}}
    said = read("m.room.message", text("> <@bot:x> list\n> more\n\n2", **{"m.relates_to": relation}))
    assert said == Said("text", "2", about="$1")


@pytest.mark.parametrize(
    ("fallback", "reply", "about"),
    [
        (True, "$2", "$root"),  # the reply is for clients without threads
        (False, "$2", "$2"),  # within the thread it is about another message
        (False, None, "$root"),
    ],
)
def test_a_message_in_a_thread_says_in_which(fallback: bool, reply: str | None, about: str) -> None:
    relation = {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": fallback}
    replied = {"m.in_reply_to": {"event_id": reply}} if reply else {}
    said = read("m.room.message", text("two", **{"m.relates_to": relation | replied}))
    assert said == Said("text", "two", about=about, thread="$root")


def test_an_edit_is_its_new_words() -> None:
    relation = {"rel_type": "m.replace", "event_id": "$1"}
    content = text("* two", **{"m.new_content": text("two"), "m.relates_to": relation})
    assert read("m.room.message", content) == Said("text", "two", about="$1", edited=True)


@pytest.mark.parametrize("msgtype", ["m.image", "m.audio", "m.file", "m.video", "m.location", "org.unknown"])
def test_what_has_no_words_is_something_else(msgtype: str) -> None:
    assert read("m.room.message", {"msgtype": msgtype, "body": "x"}) == Said("other")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.message", {"msgtype": "m.notice", "body": "another bot"}),
        ("m.call.invite", {}),
        ("m.key.verification.request", {}),
        ("m.reaction", {}),
        ("m.reaction", {"m.relates_to": "x"}),
        ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": 7, "key": "x"}}),
    ],
)
def test_what_is_not_said_to_the_bot_is_passed_over(kind: str, content: dict[str, object]) -> None:
    assert read(kind, content) is None


@pytest.mark.parametrize("content", [{}, {"msgtype": 7}, {"msgtype": "m.text"}, {"msgtype": "m.text", "body": 7}])
def test_malformed_messages_are_something_else(content: dict[str, object]) -> None:
    assert read("m.room.message", content) == Said("other")


def test_a_shared_location_is_its_geo_uri_and_one_without_is_something_else() -> None:
    where = {"msgtype": "m.location", "body": "Here", "geo_uri": "geo:52.52,13.405;u=35"}
    assert read("m.room.message", where) == Said("text", "geo:52.52,13.405;u=35")
    for uri in (None, 7, "https://example.org", ""):
        assert read("m.room.message", {**where, "geo_uri": uri}) == Said("other")


def test_a_file_comes_with_where_its_small_picture_lies() -> None:
    where = {"url": "mxc://here/large"}
    info = {"size": 7, "thumbnail_file": {"url": "mxc://here/small"}}
    content = {"msgtype": "m.image", "body": "rash.png", "file": where, "info": info}
    read_as = read("m.room.message", content)
    assert read_as
    assert read_as.attached == Attached("rash.png", "", 7, where, "mxc://here/small")
    for odd in ({}, {"thumbnail_file": 7}, {"thumbnail_file": {"url": 7}}):
        without = read("m.room.message", content | {"info": odd})
        assert without
        assert without.attached == Attached("rash.png", "", None, where)
