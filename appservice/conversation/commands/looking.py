"""Who has looked at one's records, in plain words, and a proof of it to take along."""

from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.auditing.heads import head_key
from appservice.conversation.naming import looker
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.access import look
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.understanding.terms import WHOSE
from appservice.conversation.whose import for_whom, take_member
from appservice.outgoing import File
from core.errors import UnavailableError
from core.languages import _, ngettext
from records.access import Reader
from records.audit.looks import Look, looks_at
from records.audit.service import looked_at

_PAGE = 10
_SHOWN = 40


@command(
    "who looked|audit|who has looked",
    "[for NAME]",
    help="who has read or written your records and your family's, when and why; “proof” proves it",
    group="Health",
    heard=True,
    terms=WHOSE,
)
async def who_looked(session: Session, text: str) -> None:
    """The latest first; what says the same of a day is one line."""
    member, _rest = take_member(session, text)
    reader = await session.reader()
    patients = [member] if member else sorted(reader.own)
    await _page(session, patients, before=session.tx.now, page=0)


@action("looks")
async def more(session: Session, choice: dict[str, Any]) -> None:
    """The next page of the same list."""
    patients = [UUID(each) for each in choice["patients"]]
    await _page(session, patients, before=datetime.fromisoformat(choice["before"]), page=choice["page"])


async def _page(session: Session, patients: list[UUID], *, before: datetime, page: int) -> None:
    reader = await session.reader()
    found = await looks_at(
        session.tx,
        reader,
        patients,
        zone=session.person.timezone,
        before=before,
        skip=page * _PAGE,
        most=_PAGE,
    )
    own = ngettext("You have looked once yourself.", "You have looked {count} times yourself.", found.own)
    if not found.others:
        nobody = _("Nobody else has looked at your records.") if page == 0 else _("That is all.")
        await session.say(f"{nobody} {own}" if found.own and page == 0 else nobody)
        return
    lines = [await _line(session, each) for each in found.others]
    hint = _("A number shows each time of its own; “proof” sends a file that proves the list.")
    if found.more:
        hint = _("“more” shows earlier ones.") + " " + hint
    kept = {"patients": [str(each) for each in patients], "before": before.isoformat()}
    await session.say(
        f"{numbered(lines)}\n\n" + (f"{own} " if found.own and page == 0 else "") + hint,
        choices=[{"do": "look", **_said(each), "zone": session.person.timezone} for each in found.others],
        words={"more": {"do": "looks", **kept, "page": page + 1}} if found.more else {},
    )


async def _line(session: Session, one: Look) -> str:
    who = await looker(session, one.actor, one.why, one.patient_id)
    return look(one, session.place, who=who, whose=await for_whom(session, one.patient_id))


def _said(one: Look) -> dict[str, str]:
    return {
        "patient": str(one.patient_id),
        "actor": str(one.actor or ""),
        "action": one.action,
        "table": one.table,
        "why": one.why,
        "last": one.last.isoformat(),
    }


@action("look")
async def each_time(session: Session, choice: dict[str, Any]) -> None:
    """The times of one line, to the second, each with the number under which the centre finds it."""
    reader: Reader = await session.reader()
    last = datetime.fromisoformat(choice["last"]).astimezone(session.place)
    entries = [
        entry
        for entry in await looked_at(session.tx, reader, UUID(choice["patient"]), until=last, limit=500)
        if (str(entry.actor or ""), entry.action, entry.table, entry.why)
        == (choice["actor"], choice["action"], choice["table"], choice["why"])
        and entry.at.astimezone(session.place).date() == last.date()
    ]
    lines = [f"{entry.at.astimezone(session.place):%H:%M:%S} · {entry.id}" for entry in entries[:_SHOWN]]
    await session.say(numbered(lines))


@command(
    "proof|prove it",
    help="a file that proves your entries in the audit, and your family's, to anybody who has its public key",
    group="Health",
    bare=True,
    heard=True,
)
async def proof(session: Session, text: str) -> None:
    """Made and signed at the moment at which it is sent."""
    if head_key(session.ctx.settings) is None:
        raise UnavailableError("This service has no key to sign with, so that there is no proof to be had.")
    address = f"{session.ctx.settings.http.public_url}/audit/key"
    await session.say(
        _(
            "Here is the proof of the latest entries about your records. It says who looked at what and when, as the"
            " list does, and holds no health content.\n\nWhoever doubts the list checks it with `careconnect audit"
            " check FILE --key KEY`, without us and without our database. The key is at {address}; compare it with"
            " what was published elsewhere.",
            address=address,
        )
    )
    await session.send(File("audit proof", session.person.id, "who-looked.json", "application/json"))
