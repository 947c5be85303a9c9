"""Video in a consultation room: a widget that the keeper puts there when it makes the room. Pure.

Element Call and Jitsi are run by the operator or by somebody they trust; the address comes from the settings. Element
shows the widget; a client without widgets calls by its own means (matrix.org's group calls, or none).
"""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

_WIDGET = "im.vector.modular.widgets"
_LAYOUT = "io.element.widgets.layout"
_ID = "careconnect-video"


@dataclass(frozen=True, slots=True)
class Calls:
    """One room's way to call."""

    kind: Literal["element-call", "jitsi"]
    address: str
    """Where Element Call is (https://call.example), or Jitsi's domain (meet.example)."""
    conference: str
    """A name that nobody can guess: whoever knows it could walk in on Jitsi."""

    def state(self, creator: str) -> list[dict[str, Any]]:
        """Return the widget's state events, for the room's initial state.

        The variables with a dollar sign are filled in by the client:
        https://github.com/matrix-org/matrix-spec-proposals/pull/2764
        """
        content = self._element_call() if self.kind == "element-call" else self._jitsi()
        content |= {"id": _ID, "name": "Video", "creatorUserId": creator}
        layout = {"widgets": {_ID: {"container": "top", "index": 0, "width": 100, "height": 40}}}
        return [
            {"type": _WIDGET, "state_key": _ID, "content": content},
            {"type": _LAYOUT, "state_key": "", "content": layout},
        ]

    def _element_call(self) -> dict[str, Any]:
        # It runs inside a client only with the first four, and says itself when it is loaded; it is refused if the
        # client is told not to wait for that.
        query = (
            "userId=$matrix_user_id&deviceId=$org.matrix.msc3819.matrix_device_id&roomId=$matrix_room_id"
            "&baseUrl=$org.matrix.msc4039.matrix_base_url&widgetId=$matrix_widget_id"
            "&lang=$org.matrix.msc2873.client_language&theme=$org.matrix.msc2873.client_theme"
            "&perParticipantE2EE=true&confineToRoom=true&appPrompt=false&hideHeader=true"
        )
        url = f"{self.address.rstrip('/')}/room#?{query}"
        return {"type": "m.custom", "url": url, "data": {}, "waitForIframeLoad": False}

    def _jitsi(self) -> dict[str, Any]:
        data = {"domain": self.address, "conferenceId": self.conference, "isAudioOnly": False, "roomName": "Video"}
        # Element draws its own page around it; other clients open the conference itself.
        url = f"https://{self.address}/{quote(self.conference)}"
        return {"type": "jitsi", "url": url, "data": data, "waitForIframeLoad": True}
