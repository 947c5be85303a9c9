"""What may be sent into which room by whom. Pure: an event and the room's state in, a sentence or nothing out.

Only what our own homeserver's users send is judged. An event of a room's creation is judged like any other, with the
state that there is by then.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

KIND = "org.careconnect.kind"
"""In a room's create event by the keeper: what the room is for."""
CONSULTATION, LOBBY = "consultation", "lobby"
TEAM = "org.careconnect.team"
"""State of a consultation room, by the keeper: {"members": {Matrix id: role}}."""
PATIENT = "patient"
STAFF = "org.careconnect.staff"
"""State of the lobby, by the keeper: the state key is a staff member's id without its @."""

_MEGOLM = "m.megolm.v1.aes-sha2"
_WITHOUT_WORDS = frozenset({"m.room.encrypted", "m.reaction", "m.room.redaction"})
"""What may be sent beside encrypted events: clients never encrypt these."""
_TIES_ENDS = "org.matrix.dummy_event"
"""What Synapse itself sends in the name of somebody there, to tie a room's loose ends together."""
_VERIFYING = frozenset(
    "from_device method methods key_agreement_protocol key_agreement_protocols hash hashes message_authentication_code"
    " message_authentication_codes short_authentication_string commitment key keys mac code reason m.relates_to".split()
)
_REQUEST = "m.key.verification.request"
_REQUESTING = frozenset("msgtype from_device to methods timestamp m.relates_to".split())
_ASKS = "I would like to verify you. Your client does not show how."
_CALLS = frozenset({"m.call", "org.matrix.msc3401.call", "m.call.member", "org.matrix.msc3401.call.member"})
_WORDS = frozenset({"body", "formatted_body", "msgtype", "m.new_content"})


class Event(Protocol):
    """What of Synapse's events is looked at."""

    @property
    def type(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def content(self) -> Mapping[str, Any]: ...
    def get_state_key(self) -> str | None: ...


State = Mapping[tuple[str, str], Event]


@dataclass(frozen=True)
class Identities:
    """The service's users on this homeserver."""

    keeper: str
    bots: re.Pattern[str]

    def is_bot(self, user: str) -> bool:
        return user != self.keeper and self.bots.fullmatch(user) is not None

    def is_ours(self, user: str) -> bool:
        return user == self.keeper or self.is_bot(user)


def refusal(event: Event, state: State, who: Identities, *, public_rooms: bool = False) -> str | None:
    """Return why a local user's event is refused, or None."""
    content, key = event.content, event.get_state_key()
    if event.type == _TIES_ENDS and not content:
        return None
    if not public_rooms and _opens(event):
        return "Rooms on this homeserver are private."
    if event.type == "m.room.encryption" and _changes_encryption(content, state):
        return "The encryption of a room cannot be changed."
    create = state.get(("m.room.create", ""))
    made_by = create.sender if create else None
    if event.sender == who.keeper and key is None:
        return "The keeper of rooms says nothing."
    if made_by == who.keeper and create is not None:
        if create.content.get(KIND) == LOBBY:
            return None if event.sender == who.keeper else "This room is the service's own."
        return _in_consultation(event, state, who)
    if key is None and _with_the_bot(state, who, made_by) and _is_plain(event):
        return "This room is encrypted: what is not encrypted is not accepted. Please use a client that encrypts."
    return None


def may_invite(inviter: str, invitee: str, who: Identities, staff: Collection[str]) -> bool:
    """Whether one may invite the other where patients do not invite patients: one of them has to be staff, or ours."""
    return any(who.is_ours(user) or user in staff for user in (inviter, invitee))


def _opens(event: Event) -> bool:
    """Whether it lets anybody in, or anybody read."""
    if event.type == "m.room.join_rules":
        return event.content.get("join_rule") == "public"
    if event.type == "m.room.history_visibility":
        return event.content.get("history_visibility") == "world_readable"
    return False


def _changes_encryption(content: Mapping[str, Any], state: State) -> bool:
    before = state.get(("m.room.encryption", ""))
    return before is not None and content.get("algorithm") != before.content.get("algorithm")


def _with_the_bot(state: State, who: Identities, made_by: str | None) -> bool:
    """Whether it is an encrypted room in which people talk with the bot."""
    if ("m.room.encryption", "") not in state:
        return False
    if made_by is not None and who.is_bot(made_by):
        return True
    return any(
        kind == "m.room.member" and who.is_bot(user) and member.content.get("membership") in ("join", "invite")
        for (kind, user), member in state.items()
    )


def _is_plain(event: Event) -> bool:
    """Whether it could carry words in clear."""
    if _verifies(event):
        return False
    return event.type not in _WITHOUT_WORDS or (
        event.type == "m.room.encrypted" and not _WORDS.isdisjoint(event.content)
    )


def _verifies(event: Event) -> bool:
    """Whether it is a step of verifying each other by emoji, which clients send in clear: keys and ids, no words but
    those that `bare` takes out."""
    if event.type.startswith("m.key.verification."):
        return _VERIFYING.issuperset(event.content)
    return _requests(event)


def _requests(event: Event) -> bool:
    return event.type == "m.room.message" and event.content.get("msgtype") == _REQUEST


def bare(event: Event, state: State, who: Identities) -> dict[str, Any] | None:
    """Return what is to stand instead in a step of verifying in which its sender could say something in clear, or None.

    Clients write a sentence there, each its own, for who knows no verification; and a reason when they cancel.
    """
    content: Mapping[str, Any] = event.content
    if _requests(event):
        less = {name: value for name, value in content.items() if name in _REQUESTING} | {"body": _ASKS}
    elif event.type == "m.key.verification.cancel" and "reason" in content:
        less = {**content, "reason": content.get("code", "")}
    else:
        return None
    create = state.get(("m.room.create", ""))
    made_by = create.sender if create else None
    if made_by != who.keeper and not _with_the_bot(state, who, made_by):
        return None
    return less


def _in_consultation(event: Event, state: State, who: Identities) -> str | None:
    """The rules of a room that is for patient and doctor alone."""
    key = event.get_state_key()
    if key is None:
        return _said(event)
    if event.type == "m.room.member":
        return _membership(event, key, state, who)
    content = event.content
    if event.type == "m.room.encryption" and content.get("algorithm") != _MEGOLM:
        return "A consultation room is encrypted."
    if event.type == "m.room.history_visibility" and content.get("history_visibility") not in ("invited", "joined"):
        return "What was said in a consultation room stays with those who were there."
    if event.sender != who.keeper and event.type not in _CALLS:
        return "Nobody changes a consultation room."
    return None


def _said(event: Event) -> str | None:
    if _is_plain(event):
        return "A consultation room is encrypted: what is not encrypted is not accepted."
    if event.type == "m.reaction":
        relation = event.content.get("m.relates_to")
        words = relation.get("key", "") if isinstance(relation, Mapping) else ""
        if any(letter.isalpha() for letter in str(words)):  # an emoji has no letters
            return "Reactions are not encrypted: only emoji, no words."
    if event.type == "m.room.redaction" and event.content.get("reason"):
        return "Reasons are not encrypted: please remove the message without one."
    return None


def _membership(event: Event, user: str, state: State, who: Identities) -> str | None:
    if event.content.get("reason"):
        return "Reasons are not encrypted: please go without one."
    membership = event.content.get("membership")
    if user == who.keeper or (event.sender == who.keeper and membership != "invite"):
        return None
    if membership not in ("invite", "join"):
        return None
    team = team_of(state)
    if user not in team:
        return "Only the care team comes into a consultation room. Ask the bot to bring somebody in: bring in."
    if membership == "invite" and event.sender != who.keeper and team.get(event.sender, PATIENT) == PATIENT:
        return "Patients invite nobody. Ask the bot to bring somebody in: bring in."
    return None


def team_of(state: State) -> dict[str, str]:
    """Return the room's care team: roles by Matrix id."""
    event = state.get((TEAM, ""))
    members = event.content.get("members") if event else None
    return {str(user): str(role) for user, role in members.items()} if isinstance(members, Mapping) else {}
