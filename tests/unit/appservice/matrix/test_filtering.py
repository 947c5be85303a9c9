"""Of what the homeserver sends, only what is of use is kept, and never words in clear."""

from typing import Any

import pytest

from appservice.matrix.filtering import EVENT, MEMBER, kept

OURS = ("@bot:x", "@keeper:x")


def event(**more: Any) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": "$1",
        "room_id": "!r:x",
        "sender": "@anna:x",
        "origin_server_ts": 1,
        "content": {"msgtype": "m.text", "body": "my secret rash", "formatted_body": "my secret rash"},
        "unsigned": {"age": 7},
        **more,
    }


def test_words_in_clear_are_not_kept() -> None:
    use = kept(event(), OURS)
    assert use
    assert use[0] == EVENT
    assert use[1]["content"] == {"msgtype": "m.text"}


def test_encrypted_words_are_kept_as_they_are() -> None:
    content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "c"}
    use = kept(event(type="m.room.encrypted", content=content), OURS)
    assert use
    assert use[1]["content"] == content


def test_who_comes_is_kept_without_their_name() -> None:
    member = event(type="m.room.member", state_key="@anna:x", content={"membership": "join", "displayname": "Anna"})
    use = kept(member, OURS)
    assert use
    assert use[0] == MEMBER
    assert use[1]["content"] == {"membership": "join", "is_direct": False}


@pytest.mark.parametrize(
    "useless",
    [
        event(sender="@bot:x"),
        event(type="m.room.topic"),
        event(type="m.room.redaction"),
        event(content={}),
        event(type="m.room.encrypted", content={"algorithm": "x"}),
        event(event_id="$\x00"),
        event(room_id="!\ud800"),
        None,
        "x",
        [],
    ],
)
def test_what_is_of_no_use_is_dropped(useless: object) -> None:
    assert kept(useless, OURS) is None


def test_steps_of_verifying_each_other_are_kept_without_words() -> None:
    key = {"key": "k", "m.relates_to": {"rel_type": "m.reference", "event_id": "$1"}}
    use = kept(event(type="m.key.verification.key", content=key), OURS)
    assert use
    assert use[1]["content"] == key
    asking = {
        "msgtype": "m.key.verification.request",
        "body": "my secret rash",
        "to": "@bot:x",
        "methods": ["m.sas.v1"],
    }
    use = kept(event(content=asking), OURS)
    assert use
    assert "body" not in use[1]["content"]
    assert use[1]["content"]["to"] == "@bot:x"
