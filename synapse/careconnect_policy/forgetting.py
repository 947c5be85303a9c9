"""Removing the files of a person who asked to be forgotten: `POST /_synapse/careconnect/forget`.

Takes the service's own token, and removes nothing but files that this person or a bot uploaded and that belong to no
consultation room: those have a time of their own (erasing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from synapse.api.errors import Codes, SynapseError
from synapse.http.server import DirectServeJsonResource
from synapse.http.servlet import parse_json_object_from_request

if TYPE_CHECKING:
    from synapse.http.site import SynapseRequest
    from synapse.module_api import ModuleApi

    from careconnect_policy.media import RoomMedia
    from careconnect_policy.rules import Identities

PATH = "/_synapse/careconnect/forget"
_MOST = 100


class ForgetResource(DirectServeJsonResource):
    """{"user_id": ..., "media": [ids]} -> {"gone": [ids], "kept": [ids]}: not here any more, not theirs to remove."""

    def __init__(self, api: ModuleApi, media: RoomMedia, who: Identities) -> None:
        super().__init__(clock=api._hs.get_clock())
        self._api = api
        self._media = media
        self._who = who

    async def _async_render_POST(self, request: SynapseRequest) -> tuple[int, dict[str, object]]:  # noqa: N802
        requester = await self._api.get_user_by_req(request)
        if requester.app_service_id is None or requester.user.to_string() != self._who.keeper:
            raise SynapseError(403, "Only the keeper removes files.", Codes.FORBIDDEN)
        body = parse_json_object_from_request(request)
        owner, media = body.get("user_id"), body.get("media")
        if not isinstance(owner, str) or not isinstance(media, list) or len(media) > _MOST:
            raise SynapseError(400, "user_id and media are missing", Codes.MISSING_PARAM)
        ids = [each for each in media if isinstance(each, str)]
        of_rooms = await self._media.in_rooms(ids)
        gone: list[str] = []
        kept: list[str] = []
        for media_id in ids:
            there = await self._api._store.get_local_media(media_id)
            if there is None:
                gone.append(media_id)
            elif media_id in of_rooms or not (there.user_id == owner or self._who.is_bot(there.user_id or "")):
                kept.append(media_id)
            else:
                await self._api._hs.get_media_repository().delete_local_media_ids([media_id])
                if await self._api._store.get_local_media(media_id) is None:
                    gone.append(media_id)
        return 200, {"gone": gone, "kept": kept}
