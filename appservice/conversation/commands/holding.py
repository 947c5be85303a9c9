"""Legal holds: while one stands on a patient, their records cannot be erased, whoever asks."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.dialogue import Choice
from appservice.conversation.registry import action, command, runs_centres
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import dated
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded, plain
from appservice.matrix.markdown import escape
from booking.holds.service import HeldPatient, lift_hold, place_hold, standing_holds
from core.errors import BadInputError
from core.languages import _

_WRITTEN = re.compile(
    r"^(?:on |for )?(?P<which>@[^\s:]+:[^\s,;]+?|[0-9A-Za-z]{3}[- ]?[0-9A-Za-z]{3})\s*[:,;]?\s+(?P<why>.+)$", re.DOTALL
)
_LIFTED = re.compile(r"^(?P<number>\d{1,4})\s*[:,;.]?\s*(?P<why>.*)$", re.DOTALL)
_KEEP: dict[str, Choice] = {word: {"do": "keep"} for word in ("no", "stop")}


@command(
    "legal hold",
    "CODE or PATIENT: REASON",
    help="keep a patient's records from being erased while a court or an authority needs them",
    who=runs_centres,
    group="Centre",
)
async def legal_hold(session: Session, text: str) -> None:
    """Place one. It harms nothing, and whoever runs the centre lifts it again: so nothing is asked."""
    written = _WRITTEN.match(text.strip())
    if not written:
        raise BadInputError(
            "Write a visit's code or the patient's Matrix id, and who demands it: legal hold K7QM3F: District Court"
            " Berlin, 12 C 34/26"
        )
    held = await place_hold(session.tx, session.ctx, session.person, written["which"].rstrip(":"), written["why"])
    await session.say(
        _(
            "Held: {line}\n\nUntil it is lifted nobody can erase these records: who asks for it is told that a legal"
            " hold stands on them, not whose and not why. The patient sees in “who looked” that you placed it."
            " “legal holds” lists all that stand.",
            line=_line(session, held),
        )
    )


@command(
    "legal holds|holds",
    help="the legal holds that stand on your centre's patients; a number lifts one",
    who=runs_centres,
    group="Centre",
)
async def legal_holds(session: Session, text: str) -> None:
    """Oldest first."""
    found = await standing_holds(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("No legal hold stands. To place one: legal hold CODE: REASON"))
        return
    rows = numbered([_line(session, each) for each in found])
    await session.say(
        _("{rows}\n\nAnswer with a number to lift one, or write “lift hold 1: the case is closed”.", rows=rows),
        choices=[{"do": "which hold", "hold": str(each.hold.id)} for each in found],
    )


@command(
    "lift hold|lift legal hold",
    "NUMBER: REASON",
    help="let a patient's records be erased again",
    who=runs_centres,
    group="Centre",
)
async def lift(session: Session, text: str) -> None:
    """The number is that of the list; which hold that is now is shown before it is lifted."""
    written = _LIFTED.match(text.strip())
    found = await standing_holds(session.tx, session.ctx, session.person)
    if not written or not 1 <= int(written["number"]) <= len(found):
        raise BadInputError(
            "Which one? “legal holds” lists them with their numbers. Then write it like: lift hold 1: the case is"
            " closed"
        )
    meant = found[int(written["number"]) - 1]
    why = written["why"].strip()
    if not why:
        await _ask_why(session, meant)
        return
    await session.say(
        _(
            "Lift this hold?\n\n{line}\n\nThen these records can be erased again, unless another hold stands on them."
            " Answer **yes** or **no**.",
            line=_line(session, meant),
        ),
        words={"yes": {"do": "lift hold", "hold": str(meant.hold.id), "why": why}, **_KEEP},
    )


@action("which hold")
async def picked(session: Session, choice: dict[str, Any]) -> None:
    """From the list: why is asked for."""
    found = await standing_holds(session.tx, session.ctx, session.person)
    meant = [each for each in found if str(each.hold.id) == choice["hold"]]
    if not meant:
        raise BadInputError("That hold does not stand any more. “legal holds” lists those that do.")
    await _ask_why(session, meant[0])


@action("lift hold")
async def lifted(session: Session, choice: dict[str, Any]) -> None:
    """Lift it, for the reason given before or now."""
    session.dialogue.drop_last()
    why = choice.get("why") or choice.get("text", "")
    if folded(plain(why)).strip(" .!") in {"yes", *_KEEP}:
        await session.say(_("Nothing was changed. With the reason it is: lift hold 1: the case is closed"))
        return
    done = await lift_hold(session.tx, session.ctx, session.person, UUID(choice["hold"]), why)
    await session.say(_("Lifted: {line}", line=_line(session, done)))


async def _ask_why(session: Session, meant: HeldPatient) -> None:
    await session.say(
        _(
            "Lift this hold?\n\n{line}\n\nThen these records can be erased again, unless another hold stands on them."
            " Write why it is lifted, or **no**.",
            line=_line(session, meant),
        ),
        words=_KEEP,
        free={"do": "lift hold", "hold": str(meant.hold.id)},
    )


def _line(session: Session, held: HeldPatient) -> str:
    """Anna Lind, since 24 Nov 2026, placed by @clara:example.org: District Court Berlin, 12 C 34/26"""
    return _(
        "**{patient}**, since {day}, placed by {who}: {reason}",
        patient=escape(held.patient),
        day=dated(held.hold.placed_at, session.place),
        who=escape(held.placed_by),
        reason=escape(held.hold.reason),
    )
