"""Open one's records to somebody, see to whom they are open, stop it; and see what others have opened to oneself."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from appservice.conversation.naming import grantee
from appservice.conversation.registry import action, command
from appservice.conversation.rendering import access as words
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.showing import page_of
from appservice.conversation.understanding.arguments import take_mxid, take_slug
from appservice.conversation.understanding.dates import Dates
from appservice.conversation.understanding.kinds import take_kinds
from appservice.conversation.understanding.terms import SHARING
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.vocabulary import vocabulary
from appservice.conversation.whose import for_whom, take_member
from appservice.matrix.markdown import escape
from booking.directory.reading import practitioners_named
from booking.people.rules import checked_mxid
from booking.people.service import patient_name, person_by_id, person_id_of
from booking.sharing import service as sharing
from booking.sharing.service import Shared
from core.errors import BadInputError, ConflictError
from core.languages import N_, _
from core.timezones import zone
from records.access import Kind, may_read

_UNTIL = re.compile(r"\b(?:until|till|to the|through|bis)\b(?P<when>.+)$", re.IGNORECASE)
_EXAMPLE = N_("share prescriptions with @ama:example.org until 1 March")


@command(
    "share|shared|shares",
    "[WHAT with WHOM until DAY]",
    help="open records of yours to somebody, or see to whom they are open: share prescriptions with @ama:example.org",
    group="Health",
    heard=True,
    terms=SHARING,
)
async def share(session: Session, text: str) -> None:
    """Alone it lists; with words it asks before anything is opened."""
    if not text.strip():
        await _list(session)
        return
    member, rest = take_member(session, text)
    whole = Reading(rest)
    end = whole.take(_UNTIL)
    until = _until(session, end["when"]) if end else None
    mxid = await _whom(session, whole)
    kinds = take_kinds(whole)
    if not kinds:
        raise BadInputError("Say what to share, and with whom: {example}", example=_(_EXAMPLE))
    patient = member or session.person.patient.id
    wished, until = until, await sharing.shared_until(session.tx, session.person, patient, until)
    to = await grantee(session.tx, session.ctx, await person_id_of(session.tx, mxid))
    ask = _(
        "**{who}** will read {what}{whose}, {until}. They are told, and “who looked” shows you when they read."
        "\n\nAnswer yes to share it.",
        who=to,
        what=words.kinds(kinds),
        whose=await for_whom(session, patient),
        until=words.until(until, session.place),
    )
    if until != wished:
        ask += "\n\n" + _("It ends then as they come of age, and share or not themselves from that day on.")
    choice = {
        "do": "share",
        "patient": str(patient),
        "to": mxid,
        "kinds": sorted(kinds),
        "until": until.isoformat() if until else "",
    }
    await session.say(ask, words={"yes": choice, "no": {"do": "leave sharing"}})


def _until(session: Session, when: str) -> datetime:
    """The end of the day that is named, where the person is."""
    person = session.person
    found = sorted(Dates(vocabulary(person.language), session.today).read(when))
    if not found:
        raise BadInputError("Until when? Write a day, like: until 1 March")
    last = found[0][2][1]
    return datetime.combine(last + timedelta(days=1), time(), zone(person.timezone))


async def _whom(session: Session, said: Reading) -> str:
    """A Matrix id, or the short name of a doctor here. Raises BadInputError."""
    mxid = take_mxid(said)
    if mxid:
        return checked_mxid(mxid)
    slug = take_slug(said)
    found = await practitioners_named(session.tx, slug) if slug else []
    known = next((each for each in found if each.slug == slug), None)
    if known and known.person_id:
        return (await person_by_id(session.tx, session.ctx, known.person_id)).mxid
    if slug:
        raise BadInputError("That doctor cannot be reached here. Write a Matrix id, like @ama:example.org")
    raise BadInputError("With whom? Write a Matrix id, or a doctor's short name: {example}", example=_(_EXAMPLE))


@action("share")
async def agreed(session: Session, choice: dict[str, Any]) -> None:
    """They read it from now on, and are told."""
    until = datetime.fromisoformat(choice["until"]) if choice["until"] else None
    kinds = {Kind(each) for each in choice["kinds"]}
    patient = UUID(choice["patient"])
    session.dialogue.drop_last()
    made = await sharing.share(session.tx, session.ctx, session.person, patient, choice["to"], kinds, until)
    to = await grantee(session.tx, session.ctx, made.given_to)
    await session.say(
        _(
            "Shared with {who}: {what}, {until}. “stop sharing” ends it at any time.",
            who=to,
            what=words.kinds(made.kinds),
            until=words.until(until, session.place),
        )
    )


@action("leave sharing")
async def leave(session: Session, choice: dict[str, Any]) -> None:
    """Nothing is opened."""
    session.dialogue.drop_last()
    await session.say(_("Nothing was shared."))


@command(
    "stop sharing|unshare|stop share",
    "[WHAT] [with WHOM]",
    help="close what you have opened; without words it lists what is open",
    group="Health",
    heard=True,
    terms=SHARING,
)
async def stop(session: Session, text: str) -> None:
    """All that is open to somebody, or some kinds of it."""
    if not text.strip():
        await _list(session)
        return
    member, rest = take_member(session, text)
    whole = Reading(rest)
    mxid = await _whom(session, whole)
    kinds = take_kinds(whole) or None
    given_to = await person_id_of(session.tx, mxid)
    shared = await sharing.shared_by(session.tx, session.ctx, session.person)
    patients = [each.patient_id for each in shared if each.given_to == given_to]
    if member:
        patients = [each for each in patients if each == member]
    if not patients:
        raise ConflictError("That is not shared with them. “share” lists what is.")
    for patient in patients:
        await _stop(session, patient, given_to, kinds)


@action("stop sharing")
async def stopped(session: Session, choice: dict[str, Any]) -> None:
    """Chosen from the list."""
    await _stop(session, UUID(choice["patient"]), UUID(choice["to"]), None)


async def _stop(session: Session, patient: UUID, given_to: UUID, kinds: frozenset[Kind] | None) -> None:
    ended = await sharing.stop_sharing(session.tx, session.ctx, session.person, patient, given_to, kinds)
    to = await grantee(session.tx, session.ctx, given_to)
    whose = await for_whom(session, patient)
    await session.say(_("{who} reads this no more: {what}{whose}.", who=to, what=words.kinds(ended.kinds), whose=whose))


async def _list(session: Session) -> None:
    shared = await sharing.shared_by(session.tx, session.ctx, session.person)
    if not shared:
        await session.say(
            _("You share nothing. To share, write: {example}", example=_(_EXAMPLE))
            + "\n\n"
            + _("The doctors who treat you read your records without that.")
        )
        return
    lines = [
        f"{await grantee(session.tx, session.ctx, each.given_to)}: {_open(session, each)}"
        f"{await for_whom(session, each.patient_id)}"
        for each in shared
    ]
    hint = _("Answer with a number to stop it. To share more, write: {example}", example=_(_EXAMPLE))
    await session.say(
        f"{numbered(lines)}\n\n{hint}",
        choices=[{"do": "stop sharing", "patient": str(each.patient_id), "to": str(each.given_to)} for each in shared],
    )


def _open(session: Session, shared: Shared) -> str:
    """prescriptions, notes until 1 Mar 2027; allergies until it is stopped"""
    ends = dict.fromkeys(each.until for each in shared.consents)
    return "; ".join(
        f"{words.kinds(each.kind for each in shared.consents if each.until == end)} {words.until(end, session.place)}"
        for end in ends
    )


@command("shared with me", help="what others have opened to you of their records", group="Health", heard=True)
async def shared_with_me(session: Session, text: str) -> None:
    """Each with a number that shows it."""
    shared = await sharing.shared_with(session.tx, session.ctx, session.person)
    if not shared:
        await session.say(_("Nobody shares anything with you."))
        return
    lines = [f"**{await _name(session, each.patient_id)}**: {_open(session, each)}" for each in shared]
    hint = _("Answer with a number to read it. They see that you did.")
    await session.say(
        f"{numbered(lines)}\n\n{hint}",
        choices=[{"do": "read shared", "patient": str(each.patient_id)} for each in shared],
    )


@action("read shared")
async def read_shared(session: Session, choice: dict[str, Any]) -> None:
    """All of it that may be read at this moment: what was closed meanwhile is not shown."""
    patient = UUID(choice["patient"])
    reader = await session.reader()
    if not may_read(reader, Kind.NAME, patient):
        raise ConflictError("That is not shared with you any more.")
    said, choices = await page_of(session, reader, patient)
    await session.say(f"{await _name(session, patient)}\n\n{said}", choices=choices)


async def _name(session: Session, patient: UUID) -> str:
    return escape(await patient_name(session.tx, session.ctx, patient))
