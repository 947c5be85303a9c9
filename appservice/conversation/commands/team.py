"""Who works at a centre: doctors, their accounts."""

import re

from appservice.conversation.registry import command, runs_centres, runs_or_treats
from appservice.conversation.rendering.values import languages
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_mxid, take_quoted, take_slug
from appservice.conversation.understanding.languages import read_languages
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.access import may_edit_centre, require
from booking.directory import reading
from booking.directory.model import Centre, Practitioner
from booking.directory.rules import checked_specialty
from booking.directory.service import add_practitioner, add_role, link_practitioner
from booking.directory.specialties import label_of
from booking.staff.verifying import ask_for_verification
from core.errors import BadInputError
from core.languages import _, commas

_IN_WORDS = re.compile(
    r"\b(?P<first>(?:dr|prof)\b\.? ?[^\W\d][\w'-]*)(?: [^\W\d][\w'-]+)?(?= |$)",
    re.IGNORECASE,
)


async def centre_of(session: Session, words: Reading) -> Centre:
    """The centre that is meant: the one behind "at" or "to", or the only one that the person runs."""
    named = words.take(re.compile(r"\b(?:at|to|in) (?:the )?(?P<name>[^,;|]+)$", re.IGNORECASE))
    if named:
        found = await reading.centres_named(session.tx, named["name"].strip(' "'))
        if not found:
            raise BadInputError("I know no centre of that name.")
        return found[0]
    if len(session.person.administers) == 1:
        return await reading.centre(session.tx, next(iter(session.person.administers)))
    raise BadInputError("At which centre? Write “at NAME” at the end.")


async def own_centre(session: Session, words: Reading) -> Centre:
    """The same, of those that the person runs or sets up: others are refused."""
    found = await centre_of(session, words)
    require(may_edit_centre(session.person, found.id))
    return found


async def doctor_of(session: Session, words: Reading) -> Practitioner:
    """The doctor that is meant: by short name, by a name in quotes or in words; a doctor alone means themselves."""
    name = take_slug(words)
    if name is None and not (session.person.practitioner_id and await _not_a_doctor(session, words)):
        name = take_quoted(words)
    if name is None:
        name = await _in_words(session, words)
    if name is None and session.person.practitioner_id:
        return await reading.practitioner(session.tx, session.person.practitioner_id)
    found = await reading.practitioners_named(session.tx, name) if name else []
    if not found and not runs_or_treats(session.person):
        raise BadInputError("Which doctor? Write the name, like Dr Osei.")
    if not found:
        raise BadInputError("Which doctor? Write the short name, like dr.osei; “doctors” lists them.")
    return found[0]


async def _in_words(session: Session, words: Reading) -> str | None:
    """A name behind "dr", of two words where there is one like that: in “dr osei tomorrow” the second is none."""
    written = _IN_WORDS.search(words.rest)
    if not written:
        return None
    for end in dict.fromkeys((written.end(), written.end("first"))):
        name = words.rest[written.start() : end]
        if await reading.practitioners_named(session.tx, name):
            words.cut(written.start(), end)
            return name
    return words.take(_IN_WORDS)[0]  # type: ignore[index]


async def _not_a_doctor(session: Session, words: Reading) -> bool:
    """Whether what a doctor wrote in quotes names no doctor: a service of their own, then."""
    quoted = take_quoted(Reading(words.rest))
    return quoted is None or not await reading.practitioners_named(session.tx, quoted)


@command(
    "doctors|team",
    help="the doctors of your centre, with their short names",
    who=runs_centres,
    group="Centre",
    open=True,
    heard=True,
)
async def doctors(session: Session, text: str) -> None:
    """Who works at the centre."""
    at_centre = await own_centre(session, Reading(f"at {text}" if text and not text.startswith("at ") else text))
    rows = [
        _(
            "- **{name}** ({slug}), {listed}, speaks {languages}{more}{more2}{more3}",
            name=escape(each.name),
            slug=each.slug,
            listed=commas(label_of(code) for code in each.specialties),
            languages=languages(each.languages),
            more="" if each.person_id else _(", no Matrix account yet"),
            more2="" if each.verified else _(", not verified yet"),
            more3="" if each.listed else _(", not listed"),
        )
        for each in await reading.practitioners_at(session.tx, at_centre.id)
    ]
    await session.say(f"**{escape(at_centre.name)}**\n\n" + ("\n".join(rows) or _("Nobody yet.")))


@command(
    "add doctor",
    '"NAME" SPECIALTY speaks LANGUAGES [@ID]',
    help='add a doctor: add doctor "Dr Ama Osei" cardiology speaks en, de @osei:example.org; or one who is at another'
    " centre of yours: add doctor dr.osei to CENTRE",
    who=runs_centres,
    group="Centre",
)
async def add_doctor(session: Session, text: str) -> None:
    """A doctor's name, what they practise, which languages they speak, and their account."""
    words = Reading(text)
    slug, name, mxid = take_slug(words), take_quoted(words), take_mxid(words)
    at_centre = await centre_of(session, words)
    if slug and not name:
        await _also_at(session, slug, at_centre)
        return
    added = await added_doctor(session, words, at_centre, mxid, name=name)
    waits = "" if added.verified else _(" Those who run this service look first who they are; then they can be booked.")
    await session.say(
        _(
            "**{name}** is at {name2}, short name **{slug}**. Next: add service {slug}"
            ' "Consultation" 20 min 45 online, and hours {slug} mon-fri 9-17{waits}',
            name=escape(added.name),
            name2=escape(at_centre.name),
            slug=added.slug,
            waits=waits,
        )
    )


async def added_doctor(
    session: Session, words: Reading, at_centre: Centre, mxid: str | None, *, name: str | None = None
) -> Practitioner:
    """Add whom the words describe. Raises BadInputError."""
    name = name or take_quoted(words)
    gender = words.take(re.compile(r"\b(?:female|male)\b", re.IGNORECASE))
    speaks = words.take(re.compile(r"\bspeaks? (?P<languages>[^|]+)", re.IGNORECASE))
    if not name:
        raise BadInputError(
            'Write the name in quotes: add doctor "Dr Ama Osei" cardiology speaks en, de @osei:example.org'
        )
    added = await add_practitioner(
        session.tx,
        session.ctx,
        session.person,
        at_centre.id,
        name=name,
        specialties=[checked_specialty(" ".join(words.words()))],
        languages=read_languages(speaks["languages"].strip(" ,")) if speaks else ["en"],
        gender=gender[0] if gender else "",
        mxid=mxid,
    )
    if not added.verified:
        await ask_for_verification(session.tx, session.ctx, added.id)
    return added


async def _also_at(session: Session, slug: str, at_centre: Centre) -> None:
    """A doctor of another centre comes to this one too."""
    found = await reading.practitioners_named(session.tx, slug)
    if not found or found[0].slug != slug:
        raise BadInputError("I know no doctor with that short name. “doctors” lists those of your centre.")
    added = await add_role(session.tx, session.ctx, session.person, found[0].id, at_centre.id)
    await session.say(
        _(
            "**{name}** is at {name2} too. Next: hours {slug} mon-fri 9-17 at {name2}",
            name=escape(added.name),
            name2=escape(at_centre.name),
            slug=added.slug,
        )
    )


@command(
    "link doctor|link", "DOCTOR @ID", help="say which Matrix account a doctor has", who=runs_centres, group="Centre"
)
async def link(session: Session, text: str) -> None:
    """A doctor's account."""
    words = Reading(text)
    mxid = take_mxid(words)
    who = await doctor_of(session, words)
    if not mxid:
        raise BadInputError("Write the account too: link dr.osei @osei:example.org")
    linked = await link_practitioner(session.tx, session.ctx, session.person, who.id, mxid)
    if linked.person_id is None:
        await session.say(
            _(
                "**{name}** is verified already, so those who run this service look first whether {mxid} is theirs."
                " They know, and I tell you what they say.",
                name=escape(linked.name),
                mxid=escape(mxid),
            )
        )
        return
    await session.say(_("**{name}** is {mxid}.", name=escape(linked.name), mxid=escape(mxid)))
