"""What happened until now: visits, prescriptions, notes, files, newest first, a page at a time, or a part of it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from appservice.conversation.commands.filing import for_whom
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.history import happened
from appservice.conversation.rendering.lists import status
from appservice.conversation.rendering.values import moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.terms import HISTORY
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from core.errors import BadInputError
from core.languages import _
from records.history import Matter, Span, history_of

_PAGE = 20
_YEAR = re.compile(r"\b(?P<year>(?:19|20)\d\d)\b")
_WORDS = {
    "visits": "visits appointments",
    Matter.PRESCRIPTION: "prescriptions prescription medicines medication",
    Matter.DOCUMENT: "notes documents sick",
    Matter.FILE: "files file pictures attachments",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    row: UUID
    said: str


@command(
    "history|my history",
    "[YEAR] [visits, prescriptions, notes or files]",
    help="what happened until now; “more” goes on",
    group="Health",
    heard=True,
    terms=HISTORY,
)
async def history(session: Session, text: str) -> None:
    """All of it, a year, a kind, or both; latest first."""
    low = text.casefold()
    year = _YEAR.search(low)
    words = re.findall(r"[a-z]+", low)
    kinds = sorted({_KINDS[word] for word in words if word in _KINDS})
    strange = [word for word in words if word not in _KINDS and word not in {"of", "in", "and", "note", "my"}]
    if strange:
        raise BadInputError(_("Write it like: history, history 2026, history prescriptions, history 2026 visits"))
    await page(session, {"kinds": kinds or [*_WORDS], "year": int(year["year"]) if year else None})


@action("history")
async def page(session: Session, choice: dict[str, Any]) -> None:
    """One page; where there is more, it is had by saying so."""
    span = _span(session, choice)
    lines: list[_Line] = []
    if "visits" in choice["kinds"]:
        lines += await _visits(session, span)
    reader = await session.reader()
    matters = [Matter(kind) for kind in choice["kinds"] if kind != "visits"]
    for patient in sorted(reader.own) if matters else ():
        whose = await for_whom(session, patient)
        found = await history_of(
            session.tx, session.ctx.vault, reader, patient, limit=_PAGE + 1, span=span, matters=matters
        )
        lines += [_Line(each.at, each.about.id, happened(each) + whose) for each in found]
    lines.sort(key=lambda each: (each.at, each.row), reverse=True)
    if not lines:
        await session.say(_("There is nothing more.") if "before" in choice else _("There is nothing yet."))
        return
    shown = lines[:_PAGE]
    said = "\n".join(f"- {moment(each.at, session.place)}: {each.said}" for each in shown)
    if len(lines) > _PAGE:
        rest = {**choice, "do": "history", "before": [shown[-1].at.isoformat(), str(shown[-1].row)]}
        await session.say(f"{said}\n\n" + _("“more” goes on."), words={"more": rest})
    else:
        await session.say(said)


def _span(session: Session, choice: dict[str, Any]) -> Span:
    """The year on the person's own calendar, up to where the page before ended."""
    since = until = None
    if choice["year"]:
        since, until = (
            datetime(year, 1, 1, tzinfo=session.place).astimezone(UTC) for year in (choice["year"], choice["year"] + 1)
        )
    if "before" in choice:
        at, row = choice["before"]
        return Span(since, (datetime.fromisoformat(at), UUID(row)))
    return Span(since, (until, _FIRST)) if until else Span(since)


async def _visits(session: Session, span: Span) -> list[_Line]:
    found = await appointments.history(
        session.tx, session.ctx, session.person, since=span.since, before=span.before, limit=_PAGE + 1
    )
    return [
        _Line(
            visit.start,
            visit.id,
            _(
                "visit **{code}** with {doctor}: {status}",
                code=visit.code,
                doctor=escape(visit.practitioner.name),
                status=status(visit.status),
            )
            + await for_whom(session, visit.patient_id),
        )
        for visit in found
    ]
