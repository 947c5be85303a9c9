"""From the inbox to the conversation."""

from appservice.incoming import Incoming, Kind, Listener

__all__ = ["Incoming", "Kind", "Listener"]
