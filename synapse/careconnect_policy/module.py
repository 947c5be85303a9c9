"""The module as Synapse sees it: its configuration, and what it is asked when."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from synapse.api.errors import Codes, SynapseError
from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import ConfigError

from careconnect_policy import erasing, forgetting
from careconnect_policy.config import PolicyConfig
from careconnect_policy.contacts import Answer, Contacts
from careconnect_policy.erasing import EraseResource
from careconnect_policy.forgetting import ForgetResource
from careconnect_policy.media import RoomMedia
from careconnect_policy.rules import CONSULTATION, KIND, Identities, bare, may_invite, refusal
from careconnect_policy.staff import Staff

if TYPE_CHECKING:
    from synapse.events import EventBase
    from synapse.module_api import ModuleApi
    from synapse.types import Requester  # type: ignore[attr-defined]

_NO_DEVICE = "The keeper of rooms owns no device."


class CarePolicy:
    """Loaded by Synapse and by each of its workers."""

    def __init__(self, config: PolicyConfig, api: ModuleApi) -> None:
        self._config = config
        self._api = api
        server = re.escape(api.server_name)
        self._keeper = f"@{config.keeper}:{api.server_name}"
        self._who = Identities(self._keeper, re.compile(f"@({config.bots}):{server}"))
        self._staff = Staff(api, self._keeper)
        self._contacts = Contacts(api, self._keeper)
        self._media = RoomMedia(api)
        api.register_third_party_rules_callbacks(
            check_event_allowed=self.check_event_allowed, on_create_room=self.on_create_room
        )
        api.register_spam_checker_callbacks(
            check_login_for_spam=self.check_login,
            federated_user_may_invite=self.federated_user_may_invite,
            user_may_publish_room=self.user_may_publish_room,
        )
        api.register_web_resource(erasing.PATH, EraseResource(api, self._media, self._keeper))
        api.register_web_resource(forgetting.PATH, ForgetResource(api, self._media, self._who))
        self._guard_devices()
        if api.worker_app is None:  # the main process
            api._clock.call_when_running(lambda: api.run_as_background_process("careconnect", self._media.set_up))

    @staticmethod
    def parse_config(config: Mapping[str, Any]) -> PolicyConfig:
        """Read `config:`. Raises ConfigError, with which Synapse does not start."""
        try:
            return PolicyConfig.model_validate(config or {})
        except ValidationError as wrong:
            told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in wrong.errors())
            raise ConfigError(f"careconnect_policy: {told}") from wrong

    async def check_event_allowed(
        self, event: EventBase, state: Mapping[tuple[str, str], EventBase]
    ) -> tuple[bool, dict[str, Any] | None]:
        """Judge what a local user wants to send; what comes from elsewhere stays as it is.

        Returns whether it may be, and what to send in its place.
        """
        if not self._api.is_mine(event.sender):
            return True, None
        why = refusal(event, state, self._who, public_rooms=self._config.public_rooms)
        if why is None and event.sender == self._keeper and await self._has_device():
            why = _NO_DEVICE
        if why is not None:
            raise SynapseError(403, why, Codes.FORBIDDEN)
        if event.type == "m.room.member" and event.content.get("membership") == "invite":
            await self._judge_invitation(event.sender, str(event.get_state_key()), state)
        if event.type == "m.room.encrypted" and not self._who.is_ours(event.sender):
            ours = self._is_consultation(state)
            now = self._api._clock.time_msec()
            await self._media.claim(event.sender, event.room_id if ours else None, now)
        less = bare(event, state, self._who)
        return True, None if less is None else {**event.get_dict(), "content": less}

    async def _judge_invitation(self, inviter: str, invitee: str, state: Mapping[tuple[str, str], EventBase]) -> None:
        """Patients do not invite patients, and nobody those who do not want it. Raises SynapseError.

        Into consultation rooms the rules of those rooms hold: who has a visit meets its other side there. Judged as an
        event, as Synapse asks no `user_may_invite` about admins, nor about an address (email) that turned out to be
        somebody's.
        """
        if inviter == self._api._hs.config.servernotices.server_notices_mxid:
            return
        verdict: Any = Codes.FORBIDDEN
        if self._may_invite(inviter, invitee, await self._staff.members()):
            verdict = NOT_SPAM if self._is_consultation(state) else await self._wanted(inviter, invitee)
        if verdict != NOT_SPAM:
            raise SynapseError(403, "They are not to be invited by you.", Codes.FORBIDDEN)

    async def on_create_room(self, requester: Requester, request: dict[str, Any], _is_admin: bool) -> None:  # noqa: FBT001
        """Refuse a room that would be public, whoever asks for it: its events would be refused halfway."""
        open_to_all = request.get("preset") == "public_chat" or request.get("visibility") == "public"
        if open_to_all and not self._config.public_rooms:
            raise SynapseError(403, "Rooms on this homeserver are private.", Codes.FORBIDDEN)

    async def check_login(self, user_id: str, *_: object) -> Any:
        """A login makes a device."""
        return Codes.FORBIDDEN if user_id == self._keeper else NOT_SPAM

    async def federated_user_may_invite(self, event: EventBase) -> Any:
        """Judge an invitation from elsewhere: that room is not here yet, so nothing comes to differ."""
        invitee = str(event.get_state_key())
        if not self._may_invite(event.sender, invitee, await self._staff.members()):
            return Codes.FORBIDDEN
        return await self._wanted(event.sender, invitee)

    def _may_invite(self, inviter: str, invitee: str, staff: Collection[str]) -> bool:
        partners = self._config.partners
        if self._config.patients_invite == "anyone" or any(
            each.partition(":")[2] in partners for each in (inviter, invitee)
        ):
            return True
        return may_invite(inviter, invitee, self._who, staff)

    async def _wanted(self, inviter: str, invitee: str) -> Any:
        """Whether the one lets the other invite them. Raises SynapseError while that is not known and counts."""
        if self._config.contacts == "ignore" or any(self._who.is_ours(user) for user in (inviter, invitee)):
            return NOT_SPAM
        answer = await self._contacts.wants(invitee, inviter)
        if answer is Answer.UNKNOWN and self._config.contacts == "refuse":
            raise SynapseError(503, "It cannot be known now whether they want it. Please invite them again later.")
        return Codes.FORBIDDEN if answer is Answer.UNWANTED else NOT_SPAM

    def _is_consultation(self, state: Mapping[tuple[str, str], EventBase]) -> bool:
        create = state.get(("m.room.create", ""))
        return create is not None and create.sender == self._keeper and create.content.get(KIND) == CONSULTATION

    async def user_may_publish_room(self, _user_id: str, _room_id: str) -> Any:
        """Nothing is listed in the directory."""
        return NOT_SPAM if self._config.public_rooms else Codes.FORBIDDEN

    async def _has_device(self) -> bool:
        return bool(await self._api._store.get_devices_by_user(self._keeper))

    def _guard_devices(self) -> None:
        """Refuse each way to a device for the keeper where they all meet: no callback is asked about them.

        Raises AttributeError, with which Synapse does not start, should these functions be gone in a later version.
        """
        for name in ("store_device", "store_dehydrated_device"):
            setattr(self._api._store, name, _refusing(getattr(self._api._store, name), self._keeper))


def _refusing(make: Callable[..., Awaitable[Any]], keeper: str) -> Callable[..., Awaitable[Any]]:
    async def guarded(user_id: str, *what: Any, **how: Any) -> Any:
        if user_id == keeper:
            raise SynapseError(403, _NO_DEVICE, Codes.FORBIDDEN)
        return await make(user_id, *what, **how)

    return guarded
