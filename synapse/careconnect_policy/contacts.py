"""Whether somebody wants to be invited by somebody: careConnect knows what each person has chosen, and is asked.

Asked at the address at which the homeserver reaches it anyhow, with the same token: both stand in its registration.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING

from synapse.logging.context import make_deferred_yieldable, run_in_background
from synapse.util.async_helpers import timeout_deferred

if TYPE_CHECKING:
    from synapse.appservice import ApplicationService
    from synapse.module_api import ModuleApi

PATH = "/_careconnect/v1/contact"
_PATIENCE = 3.0
"""Seconds that careConnect may take."""
_FRESH = 5_000
"""Milliseconds for which an answer is good: what a person chooses holds that soon."""
_AFTER_TROUBLE = 1_000
"""Milliseconds in which nobody is asked after a question that had no answer: people wait for their invitations."""
_REMEMBERED = 10_000
_log = logging.getLogger(__name__)


class Answer(Enum):
    """What became of the question."""

    WANTED = "wanted"
    UNWANTED = "unwanted"
    UNKNOWN = "unknown"
    """careConnect did not answer."""


class Contacts:
    """Asks, and remembers for a moment. `keeper` is the user by whom careConnect's registration is known."""

    def __init__(self, api: ModuleApi, keeper: str) -> None:
        self._api = api
        self._keeper = keeper
        self._known: OrderedDict[tuple[str, str], tuple[Answer, int]] = OrderedDict()
        self._trouble_at = -_AFTER_TROUBLE

    async def wants(self, user: str, by: str) -> Answer:
        """Whether one person lets another invite them; all do where careConnect is not registered."""
        service = self._service()
        if service is None or not service.url:
            return Answer.WANTED
        now = self._api._clock.time_msec()
        answer, asked_at = self._known.get((user, by), (Answer.UNKNOWN, 0))
        if answer is not Answer.UNKNOWN and now - asked_at < _FRESH:
            return answer
        if now - self._trouble_at < _AFTER_TROUBLE:
            return Answer.UNKNOWN
        answer = await self._ask(service, user, by)
        if answer is Answer.UNKNOWN:
            self._trouble_at = self._api._clock.time_msec()
            return answer
        self._known[user, by] = answer, now
        self._known.move_to_end((user, by))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return answer

    async def _ask(self, service: ApplicationService, user: str, by: str) -> Answer:
        asking = run_in_background(
            self._api.http_client.get_json,
            f"{service.url}{PATH}",
            {"user": user, "by": by},
            {b"Authorization": [f"Bearer {service.hs_token}".encode()]},
        )
        try:
            said = await make_deferred_yieldable(
                timeout_deferred(deferred=asking, timeout=_PATIENCE, clock=self._api._clock)
            )
            return Answer.WANTED if said["allowed"] is True else Answer.UNWANTED
        except Exception as away:  # noqa: BLE001  whatever it is: there is no answer, and who invites is told so
            _log.warning("careConnect could not be asked about an invitation: %s", type(away).__name__)
            return Answer.UNKNOWN

    def _service(self) -> ApplicationService | None:
        services: list[ApplicationService] = self._api._store.get_app_services()
        return next((each for each in services if each.is_user_in_namespace(self._keeper)), None)
