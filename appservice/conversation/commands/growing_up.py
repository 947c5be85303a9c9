"""Records of a child that has come of age: a code is given, and with it the grown-up takes them over."""

import re
from typing import Any

from appservice.conversation.naming import grantee
from appservice.conversation.registry import Line, action, command
from appservice.conversation.rendering import access as words
from appservice.conversation.rendering.values import dated
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.dates import read_birthday
from appservice.matrix.markdown import escape
from booking.handover.service import Wrong, give_code, shared_before, take_over
from core.errors import BadInputError
from core.languages import N_, _

_SECRET = re.compile(r"[0-9A-Za-z]{4}(?:[- ]?[0-9A-Za-z]{4}){7}", re.ASCII)
_STOP = {"stop": {"do": "leave records"}, "no": {"do": "leave records"}}


@command(
    "hand records to|hand the records to|give records to|records for",
    "VISIT",
    help="give a patient who has come of age, and whom you have seen, a code to take over their records",
    group="Centre",
    patients=Line("", "VISIT", N_("a clinic gives you a code to take over your records; “take over” takes it")),
)
async def hand_records(session: Session, text: str) -> None:
    """By a visit's code, for those who run its centre, and before whom the patient stands."""
    code, _rest = split_code(text)
    if code is None or not session.person.administers:
        raise BadInputError(
            "Only a clinic gives that code, once it has seen who it is for: its admins write “hand records to” and the"
            " code of a visit."
        )
    given = await give_code(session.tx, session.ctx, session.person, code)
    name = escape(given.patient.name or "?")
    await session.say(
        _(
            "With this code **{name}** takes over the records that were kept for them:\n\n`{code}`\n\nGive it to nobody"
            " else. **{name}** writes to me from an account of their own, until {day}:\n\n`take over {code}`\n\nand is"
            " asked for their date of birth. From then on nobody else books for them or speaks for them.",
            name=name,
            code=given.code,
            day=dated(given.expires_at, session.place),
        )
    )


@command(
    "take over|take over records|take my records",
    "CODE",
    help="take over your records from who kept them for you, with the code that a clinic gave you",
    group="Health",
    heard=True,
)
async def take(session: Session, text: str) -> None:
    """The code, then the date of birth; both at once is fine, too."""
    found = _SECRET.search(text)
    if not found:
        raise BadInputError(
            "Write the code that you were given: take over ABCD-EFGH-... A clinic where you were gives you one, once it"
            " has seen who you are. If you were at none here yet, have who kept your records book a visit for you at"
            " any clinic, go there with your papers, and ask for the code at the desk."
        )
    rest = text[: found.start()] + " " + text[found.end() :]
    await _take(session, found[0], rest)


@action("take over")
async def born(session: Session, choice: dict[str, Any]) -> None:
    """The date of birth came."""
    await _take(session, choice["code"], choice.get("text", ""))


async def _take(session: Session, code: str, text: str) -> None:
    born = read_birthday(text, session.today, session.person.language, month_first=session.speaker.month_first)
    again = {"do": "take over", "code": code}
    if born is None:
        await session.say(_("When were you born? Write it like 2008-05-04; “stop” leaves it."), words=_STOP, free=again)
        return
    done = await take_over(session.tx, session.ctx, session.person, code, born)
    # An answer, not an error: an error would undo that the try was counted.
    if done is Wrong.BORN:
        said = _("That does not fit the code. Nothing was changed: write the date of birth once more, or “stop”.")
        await session.say(said, words=_STOP, free=again)
        return
    session.dialogue.drop_if(lambda each: each.free is not None and each.free.get("do") == "take over")
    if isinstance(done, Wrong):
        await session.say(_("That did not fit too often, so the code is good no more. Please ask for a new one."))
        return
    session.person = done
    name = escape(done.name or "?")
    await session.say(
        _(
            "The records of **{name}** are yours now, with the visits that are booked. Who kept them for you is told,"
            " and reads and books nothing for you any more. “history” shows what is there, “share” who else may read"
            " it, “who looked” who has.",
            name=name,
        )
        + await _shared_before(session)
    )


async def _shared_before(session: Session) -> str:
    """What those who kept the records had shared: it has ended, and can be shared anew in the same words."""
    found = await shared_before(session.tx, session.ctx, session.person)
    if not found:
        return ""
    lines = [f"- {await grantee(session.tx, session.ctx, each.given_to)}: {words.kinds(each.kinds)}" for each in found]
    return "\n\n" + _(
        "This was shared in your name until you came of age, and is not any more:\n\n{list}\n\nWhat you want to share"
        " again, write like: share prescriptions with @ama:example.org",
        list="\n".join(lines),
    )


@action("leave records")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """As it was."""
    session.dialogue.drop_if(lambda each: each.free is not None and each.free.get("do") == "take over")
    await session.say(_("Nothing was changed."))
