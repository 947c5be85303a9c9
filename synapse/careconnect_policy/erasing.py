"""Erasing consultation rooms with their files, on the service's word: `POST /_synapse/careconnect/erase`.

Why an endpoint and not the administration API: that takes an account that may read and delete everything here. This one
takes the service's own token, and erases nothing but rooms that the keeper made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from synapse.api.errors import Codes, SynapseError
from synapse.http.server import DirectServeJsonResource
from synapse.http.servlet import parse_json_object_from_request

from careconnect_policy.rules import CONSULTATION, KIND

if TYPE_CHECKING:
    from synapse.http.site import SynapseRequest
    from synapse.module_api import ModuleApi

    from careconnect_policy.media import RoomMedia

PATH = "/_synapse/careconnect/erase"


class EraseResource(DirectServeJsonResource):
    """{"room_id": ...} -> {"gone": bool, "media": [ids]}: asked again until the room and all its files are gone."""

    def __init__(self, api: ModuleApi, media: RoomMedia, keeper: str) -> None:
        super().__init__(clock=api._hs.get_clock())
        self._api = api
        self._media = media
        self._keeper = keeper

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, dict[str, object]]:  # noqa: N802
        requester = await self._api.get_user_by_req(request)
        if requester.app_service_id is None or requester.user.to_string() != self._keeper:
            raise SynapseError(403, "Only the keeper erases rooms.", Codes.FORBIDDEN)
        room_id = parse_json_object_from_request(request).get("room_id")
        if not isinstance(room_id, str):
            raise SynapseError(400, "room_id is missing", Codes.MISSING_PARAM)
        state = await self._api.get_room_state(room_id, [("m.room.create", "")])
        create = state.get(("m.room.create", ""))
        pagination = self._api._hs.get_pagination_handler()
        if create is not None:
            if create.sender != self._keeper or create.content.get(KIND) != CONSULTATION:
                raise SynapseError(403, "That is no consultation room.", Codes.FORBIDDEN)
        elif not await self._api._store.get_room(room_id):
            # What the room had is told until the asker has heard it: the list goes with the last file.
            return 200, {"gone": True, "media": await self._files_gone(room_id)}
        if not await pagination.get_delete_tasks_by_room(room_id, only_active=True):
            await pagination.start_shutdown_and_purge_room(
                room_id,
                {
                    "requester_user_id": self._keeper,
                    "new_room_user_id": None,
                    "new_room_name": None,
                    "message": None,
                    "block": True,
                    "purge": True,
                    "force_purge": False,
                },
            )
        return 200, {"gone": False, "media": []}

    async def _files_gone(self, room_id: str) -> list[str]:
        left = await self._media.of(room_id)
        if left:
            await self._api._hs.get_media_repository().delete_local_media_ids(left)
        if await self._media.of(room_id):
            raise SynapseError(503, "Some files could not be removed yet.", Codes.UNKNOWN)
        return await self._media.all_of(room_id)
