"""When the keeper may leave, and that nobody gets its power."""

from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from appservice.matrix.calls import Calls
from appservice.matrix.consultation import creation, may_leave, power_levels
from core.settings import MatrixSettings

PATIENT, DOCTOR, PARENT = "@patient:here", "@doctor:here", "@parent:here"
FAR_PATIENT, FAR_DOCTOR = "@patient:far", "@doctor:far"


@pytest.mark.parametrize(
    ("patients", "doctors", "joined", "done"),
    [
        ({PATIENT}, {DOCTOR}, {PATIENT, DOCTOR}, True),
        ({PATIENT}, {DOCTOR}, {PATIENT}, False),
        ({PATIENT}, {DOCTOR}, {DOCTOR}, False),
        ({PATIENT}, {DOCTOR}, set(), False),
        ({PATIENT, PARENT}, {DOCTOR}, {PARENT, DOCTOR}, True),
        ({FAR_PATIENT}, {DOCTOR}, {DOCTOR}, True),
        ({FAR_PATIENT}, {DOCTOR}, {FAR_PATIENT}, False),
        ({FAR_PATIENT, PARENT}, {DOCTOR}, {DOCTOR}, False),
        ({FAR_PATIENT}, {FAR_DOCTOR}, {FAR_PATIENT}, False),
        ({FAR_PATIENT}, {FAR_DOCTOR}, {FAR_PATIENT, FAR_DOCTOR}, True),
        ({PATIENT}, set(), {PATIENT}, False),
    ],
)
def test_the_keeper_leaves_when_the_two_are_in(
    patients: set[str], doctors: set[str], joined: set[str], *, done: bool
) -> None:
    assert may_leave([patients, doctors], joined | {"@keeper:here"}, "here") is done


def test_a_room_says_which_visit_it_is_and_nothing_else() -> None:
    body = creation("@keeper:here", "7F3K2A", lobby="!lobby:here", team={PATIENT: "patient", DOCTOR: "practitioner"})
    assert body["name"] == "Visit 7F3K2A"
    assert "topic" not in body
    assert body["initial_state"][0]["type"] == "m.room.encryption"


def test_only_people_of_our_homeserver_can_invite() -> None:
    levels = power_levels("@keeper:here", [PATIENT, FAR_DOCTOR])
    assert levels["users"] == {"@keeper:here": 100, PATIENT: 60}
    assert levels["users_default"] < levels["invite"] == 60


@pytest.mark.parametrize(
    ("kind", "address", "url"),
    [
        ("element-call", "https://call.example/", "https://call.example/room#?userId=$matrix_user_id"),
        ("jitsi", "meet.example", "https://meet.example/careconnect-1f"),
    ],
)
def test_video_is_a_widget_of_the_keepers(kind: Literal["element-call", "jitsi"], address: str, url: str) -> None:
    calls = Calls(kind, address, "careconnect-1f")
    body = creation("@keeper:here", "7F3K2A", lobby="!lobby:here", team={}, calls=calls)
    state = {event["type"]: event for event in body["initial_state"]}
    widget, layout = state["im.vector.modular.widgets"], state["io.element.widgets.layout"]
    assert widget["content"]["url"].startswith(url)
    assert widget["content"]["creatorUserId"] == "@keeper:here"
    assert widget["state_key"] == widget["content"]["id"]
    assert layout["content"]["widgets"].keys() == {widget["state_key"]}
    assert body["initial_state"][0]["type"] == "m.room.encryption"
    without = creation("@keeper:here", "7F3K2A", lobby="!lobby:here", team={})
    assert "im.vector.modular.widgets" not in {event["type"] for event in without["initial_state"]}


def test_element_call_gets_all_that_it_needs_to_run_inside_a_client() -> None:
    """It refuses to without these (its `getUrlParams`), and a client that does not wait for its word refuses it."""
    widget = Calls("element-call", "https://call.example", "x").state("@keeper:here")[0]["content"]
    given = parse_qs(urlsplit(widget["url"]).fragment.removeprefix("?"))
    assert given["baseUrl"] == ["$org.matrix.msc4039.matrix_base_url"]
    assert given["deviceId"] == ["$org.matrix.msc3819.matrix_device_id"]
    assert (given["userId"], given["roomId"]) == (["$matrix_user_id"], ["$matrix_room_id"])
    assert given["perParticipantE2EE"] == ["true"]
    assert widget["waitForIframeLoad"] is False


def test_video_without_an_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="video_address is missing"):
        MatrixSettings(video="jitsi")


@pytest.mark.parametrize("closed", [False, True])
def test_only_the_keeper_may_change_what_protects(*, closed: bool) -> None:
    levels = power_levels("@keeper:here", closed=closed)
    assert levels["users"] == {"@keeper:here": 100}
    for kind in ("m.room.encryption", "m.room.history_visibility", "m.room.power_levels", "m.room.join_rules"):
        assert levels["events"][kind] > levels["users_default"]
    assert levels["state_default"] > levels["users_default"]
    assert (levels["events_default"] > levels["users_default"]) is closed
