"""Rotations of keys in words. Pure."""

from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated
from core.languages import N_, _
from records.rotation.service import Fault, Level, Rotation

_LEVELS = {
    Level.MASTER: N_("the master key"),
    Level.SUBJECTS: N_("the patients' keys"),
    Level.DATA: N_("the data keys"),
}


def level(which: Level) -> str:
    """the patients' keys"""
    return _(_LEVELS[which])


def under_way(now: Rotation, place: ZoneInfo, *, other_keys: int) -> str:
    """How far it is, and what keeps it."""
    said = _(
        "Under way: {what}, since {day}: {done} of {total}.",
        what=_what(now),
        day=dated(now.started_at, place),
        done=f"{now.done:,}",
        total=f"{now.total:,}",
    )
    if now.fault is Fault.BROKEN:
        return said + " " + _broken()
    if now.paused:
        return said + " " + _("It is paused: “resume rotation” goes on with it.")
    if now.asked_by is None:
        return said + " " + _("It was begun by a command on the machine: “resume rotation” has me go on with it.")
    if now.level is Level.MASTER and other_keys:
        return said + " " + _("It waits: not every replica wraps with the same master key yet.")
    return said + " " + _("“pause rotation” stops it for a while.")


def stopped(now: Rotation, place: ZoneInfo) -> str:
    """For who asked for it, when it cannot go on."""
    return under_way(now, place, other_keys=0)


def _broken() -> str:
    return _(
        "It cannot go on: something does not open with the keys that there are. No key was removed. Is an earlier one"
        " missing in the settings? “careconnect check” says more; “resume rotation” tries again."
    )


def done(one: Rotation, place: ZoneInfo) -> str:
    """One that is over."""
    assert one.finished_at
    return _(
        "Done: {what}, {day}, {total} keys and values.",
        what=_what(one),
        day=dated(one.finished_at, place),
        total=f"{one.total:,}",
    )


def _what(one: Rotation) -> str:
    return level(one.level) if one.whole else _("{what}, of one person", what=level(one.level))
