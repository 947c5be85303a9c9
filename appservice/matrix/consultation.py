"""Consultation rooms: what they are made of, and when the keeper may go. Pure.

Encrypted from the first event; nobody can ever change that, who may read what was said before, or who has which power:
that takes power 100, which the keeper alone has, and takes with it when it leaves. It can come back: the join rule lets
in who is in the lobby, which is the keeper alone. Everybody in the room sees it come and go. On every server these are
rules of the room itself; what synapse/careconnect_policy adds holds our own people (docs/rooms.md).
"""

from collections.abc import Collection, Mapping
from typing import Any

from appservice.matrix.api import Json
from appservice.matrix.calls import Calls
from appservice.matrix.creation import ENCRYPTED

KIND = "org.careconnect.kind"
"""What a room of the keeper's is for, in its create event: the policy module goes by it."""
TEAM = "org.careconnect.team"
"""State: who belongs to a consultation, by Matrix id and role. Nothing about health; nobody who is not seen there."""
STAFF = "org.careconnect.staff"
"""State of the lobby: who is staff; the state key is a Matrix id without its @."""
_HUMANS = 50
_OUR_PEOPLE = 60
"""Invitations take this: other servers, which the module does not hold, can bring nobody in."""
_NOBODY = 100
_FROZEN = (
    "m.room.encryption m.room.history_visibility m.room.power_levels m.room.join_rules m.room.guest_access"
    " m.room.server_acl m.room.tombstone m.room.name m.room.topic m.room.avatar m.room.canonical_alias"
    " m.room.pinned_events m.space.child m.space.parent"
).split()
# Calls by the clients' own means: https://github.com/matrix-org/matrix-spec-proposals/pull/3401
_CALLS = "m.call org.matrix.msc3401.call m.call.member org.matrix.msc3401.call.member".split()


def power_levels(keeper: str, team: Collection[str] = (), *, closed: bool = False) -> dict[str, Any]:
    """Humans may talk and call; redact only what is their own; put nobody out. Closed: nobody may talk.

    Those of `team` who are on the keeper's server have the power to invite: by it the keeper can come back.
    """
    here = keeper.partition(":")[2]
    ours = {user: _OUR_PEOPLE for user in sorted(team) if user.partition(":")[2] == here}
    return {
        "users": {keeper: _NOBODY, **ours},
        "users_default": _HUMANS,
        "events_default": _NOBODY if closed else 0,
        "state_default": _NOBODY,
        "invite": _OUR_PEOPLE,
        "kick": _NOBODY,
        "ban": _NOBODY,
        "redact": _NOBODY,
        "notifications": {"room": _HUMANS},
        "events": dict.fromkeys(_FROZEN, _NOBODY) | dict.fromkeys(_CALLS, _NOBODY if closed else 0),
    }


def creation(keeper: str, code: str, *, lobby: str, team: Mapping[str, str], calls: Calls | None = None) -> Json:
    """Return the createRoom request for the visit of that code. Nobody is invited yet.

    `team`: roles by Matrix id. Room version 11: in 12 the creator's power is above all and cannot be given up.
    """
    state = {
        "m.room.history_visibility": {"history_visibility": "invited"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.join_rules": {
            "join_rule": "restricted",
            "allow": [{"type": "m.room_membership", "room_id": lobby}],
        },
        TEAM: {"members": dict(team)},
    }
    return {
        "room_version": "11",
        "preset": "private_chat",
        "visibility": "private",
        "name": f"Visit {code}",
        "creation_content": {KIND: "consultation"},
        "initial_state": [
            ENCRYPTED,
            *({"type": name, "state_key": "", "content": content} for name, content in state.items()),
            *(calls.state(keeper) if calls else ()),
        ],
        "power_level_content_override": power_levels(keeper, team),
    }


def lobby_creation(keeper: str) -> Json:
    """Return the createRoom request for the lobby: the keeper's own room, which lets it into those that it has left."""
    nobody_else = {**power_levels(keeper), "users_default": 0, "events_default": _NOBODY, "invite": _NOBODY}
    return {
        "room_version": "11",
        "preset": "private_chat",
        "visibility": "private",
        "creation_content": {KIND: "lobby", "m.federate": False},
        "initial_state": [ENCRYPTED],
        "power_level_content_override": nobody_else,
    }


def may_leave(
    sides: Collection[Collection[str]], joined: Mapping[str, Any] | Collection[str], server_name: str
) -> bool:
    """Whether the keeper's work is done: each side (patient's people, doctor's people, by Matrix id) has somebody in.

    A side without anybody here, on `server_name`, is not waited for if another side has somebody in who is: the
    room lives on with that one, and the invitation stays good.
    """
    if not all(sides):
        return False  # a doctor without an account yet
    here = {mxid for mxid in joined if mxid.partition(":")[2] == server_name}
    present = [any(mxid in joined for mxid in side) for side in sides]
    remote = [all(mxid.partition(":")[2] != server_name for mxid in side) for side in sides]
    someone_here = any(mxid in here for side in sides for mxid in side)
    return all(there or (away and someone_here) for there, away in zip(present, remote, strict=True))
