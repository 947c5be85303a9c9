"""Keys are exchanged: begun, looked at, paused. For those who run the platform."""

import re
from typing import Any

from appservice.conversation.registry import action, command, platform_admin
from appservice.conversation.rendering import rotations as words
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_mxid
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.people.rules import checked_mxid
from booking.rotations.service import go_on, pause, rotate, rotations_now
from core.errors import BadInputError
from core.languages import _
from records.rotation.service import Level

_LEVEL = re.compile(
    r"\b(?:(?P<master>master|wrapping)|(?P<subjects>patients?|subjects?|people)|(?P<data>data|values?))\b",
    re.IGNORECASE,
)
_LEAVE = {word: {"do": "keep"} for word in ("no", "stop")}


@command(
    "rotate keys|rotate key|rotate|exchange keys",
    "[master|patients|data] [of @ID]",
    help="exchange keys of the records while the service runs: the master key, the patients' keys, or the data keys",
    who=platform_admin,
    group="Platform",
)
async def rotate_keys(session: Session, text: str) -> None:
    """Which, if it is not said; then what it comes to; then it is asked for."""
    said = Reading(text)
    mxid = take_mxid(said)
    which = said.take(_LEVEL)
    if which is None:
        if text.strip() and not mxid:
            raise BadInputError("Write which keys: rotate master, rotate patients, or rotate data of @anna:example.org")
        await _which(session, mxid)
        return
    await _sure(session, {"do": "rotate keys", "level": _level(which), "of": checked_mxid(mxid) if mxid else ""})


def _level(which: re.Match[str]) -> Level:
    return next(level for level in Level if which[level.value])


async def _which(session: Session, mxid: str | None) -> None:
    rows = [
        _("**The patients' keys**: everybody gets a new one, and the old ones are removed"),
        _("**The data keys**: every value is sealed anew, in the format of now"),
    ]
    levels = [Level.SUBJECTS, Level.DATA]
    if mxid is None:
        rows.insert(0, _("**The master key**: every patient's key is wrapped by the one that the settings name now"))
        levels.insert(0, Level.MASTER)
    of = checked_mxid(mxid) if mxid else ""
    await session.say(
        _("Which keys shall I exchange?\n\n{list}\n\nAnswer with a number, or **no**.", list=numbered(rows)),
        choices=[{"do": "which keys", "level": level, "of": of} for level in levels],
        words=_LEAVE,
    )


@action("which keys")
async def which_keys(session: Session, choice: dict[str, Any]) -> None:
    """Chosen from the list."""
    await _sure(session, {**choice, "do": "rotate keys"})


async def _sure(session: Session, choice: dict[str, Any]) -> None:
    await rotations_now(session.tx, session.ctx, session.person)  # refused before anything is asked
    whose = _(" of {mxid}", mxid=escape(choice["of"])) if choice["of"] else ""
    await session.say(
        _(
            "I exchange {what}{whose}. All stays readable meanwhile; I work on it beside all else, go on with it after"
            " a restart, and tell you when it is done. “rotation” shows how far it is.\n\nAnswer **yes** or **no**.",
            what=words.level(Level(choice["level"])),
            whose=whose,
        ),
        words={"yes": choice, **_LEAVE},
    )


@action("rotate keys")
async def begun(session: Session, choice: dict[str, Any]) -> None:
    """Yes."""
    session.dialogue.drop_last()
    now = await rotate(session.tx, session.ctx, session.person, Level(choice["level"]), choice["of"] or None)
    await session.say(words.under_way(now, session.place, other_keys=0))


@command(
    "rotation|rotations|key rotation",
    help="how far the exchange of keys is, and the last ones",
    who=platform_admin,
    group="Platform",
    bare=True,
)
async def rotation(session: Session, text: str) -> None:
    """What is under way, what was, and whether all replicas agree on the master key."""
    found = await rotations_now(session.tx, session.ctx, session.person)
    lines = [words.done(each, session.place) for each in found.done]
    if found.under_way:
        lines.insert(0, words.under_way(found.under_way, session.place, other_keys=found.other_keys))
    if found.other_keys:
        lines.append(_("Not every replica of the service wraps with the same master key at this moment."))
    if not lines:
        lines = [_("No keys were exchanged yet. “rotate keys” does it.")]
    await session.say("\n\n".join(lines))


@command(
    "pause rotation|stop rotation", help="leave the exchange of keys as it is", who=platform_admin, group="Platform"
)
async def pause_(session: Session, text: str) -> None:
    """Half rotated is as readable as all else."""
    now = await pause(session.tx, session.ctx, session.person)
    await session.say(words.under_way(now, session.place, other_keys=0))


@command(
    "resume rotation|continue rotation|go on with rotation",
    help="go on with the exchange of keys, also with one that a command on the machine began",
    who=platform_admin,
    group="Platform",
)
async def resume(session: Session, text: str) -> None:
    """Whoever began it."""
    now = await go_on(session.tx, session.ctx, session.person)
    found = await rotations_now(session.tx, session.ctx, session.person)
    await session.say(words.under_way(now, session.place, other_keys=found.other_keys))
