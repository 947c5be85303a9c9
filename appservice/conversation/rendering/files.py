"""Files in words. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated
from appservice.matrix.markdown import escape
from core.languages import _, commas, ngettext
from records.files.rules import StoredFile

_KB = 1024


def one_line(one: StoredFile, place: ZoneInfo) -> str:
    """What it is, its name, how large, when it came."""
    name = f"**{escape(one.note)}**, {escape(one.name)}" if one.note else f"**{escape(one.name)}**"
    return f"{name}, {length(one.size)}, {dated(one.sent_at, place)}"


def several(files: Sequence[StoredFile]) -> str:
    """What has just come."""
    if len(files) == 1:
        return f"**{escape(files[0].name)}** ({length(files[0].size)})"
    names = commas(escape(each.name) for each in files)
    return ngettext("{count} file: {names}", "{count} files: {names}", len(files), names=names)


def length(size: int) -> str:
    """3.4 MB"""
    if size < _KB:
        return _("{size} bytes", size=size)
    if size < _KB * _KB:
        return f"{round(size / _KB)} KB"
    return f"{size / _KB / _KB:.1f} MB"
