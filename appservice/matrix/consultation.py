"""Consultation rooms: what they are made of, and when the keeper may go. Pure.

Encrypted from the first event; nobody can ever change that, who may read what was said before, or who has which power:
that takes power 100, which the keeper has and takes with it when it leaves.
"""

from collections.abc import Collection, Mapping
from typing import Any

from appservice.matrix.creation import ENCRYPTED

_HUMANS = 50
_NOBODY = 100
_FROZEN = (
    "m.room.encryption m.room.history_visibility m.room.power_levels m.room.join_rules m.room.guest_access"
    " m.room.server_acl m.room.tombstone m.room.name m.room.topic m.room.avatar m.room.canonical_alias"
    " m.room.pinned_events m.space.child m.space.parent"
).split()
# Calls by the clients' own means: https://github.com/matrix-org/matrix-spec-proposals/pull/3401
_CALLS = "m.call org.matrix.msc3401.call m.call.member org.matrix.msc3401.call.member".split()


def power_levels(keeper: str, *, closed: bool = False) -> dict[str, Any]:
    """Humans may talk, call and invite; redact only what is their own; put nobody out. Closed: nobody may talk."""
    return {
        "users": {keeper: _NOBODY},
        "users_default": _HUMANS,
        "events_default": _NOBODY if closed else 0,
        "state_default": _NOBODY,
        "invite": _NOBODY if closed else _HUMANS,
        "kick": _NOBODY,
        "ban": _NOBODY,
        "redact": _NOBODY,
        "notifications": {"room": _HUMANS},
        "events": dict.fromkeys(_FROZEN, _NOBODY) | dict.fromkeys(_CALLS, _NOBODY if closed else 0),
    }


def creation(keeper: str, code: str) -> dict[str, Any]:
    """Return the createRoom request for the visit of that code. Nobody is invited yet.

    Room version 11: in 12 the creator's power is above all and cannot be given up.
    """
    state = {
        "m.room.history_visibility": {"history_visibility": "invited"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.join_rules": {"join_rule": "invite"},
    }
    return {
        "room_version": "11",
        "preset": "private_chat",
        "visibility": "private",
        "name": f"Visit {code}",
        "initial_state": [
            ENCRYPTED,
            *({"type": name, "state_key": "", "content": content} for name, content in state.items()),
        ],
        "power_level_content_override": power_levels(keeper),
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
