"""For platform admins: centres, and who runs them."""

import re

from appservice.conversation.registry import command, platform_admin, runs_centres
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_mxid, take_quoted
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.service import add_centre_admin, create_centre
from core.errors import BadInputError
from core.languages import _


@command("centres|centers|list centres|show centres", help="all centres", who=platform_admin, group="Platform")
async def centres(session: Session, text: str) -> None:
    """All centres, by name."""
    rows = [
        f"- **{escape(each.name)}**, {escape(each.city)} ({each.slug})"
        for each in await reading.all_centres(session.tx)
    ]
    await session.say("\n".join(rows) or _("There are no centres yet."))


@command(
    "add centre|add center|add a centre|add a clinic|add clinic",
    '"NAME" CITY, STREET',
    help='register a centre: add centre "Heart Clinic" Berlin, Karl-Marx-Str. 1',
    who=platform_admin,
    group="Platform",
)
async def add_centre(session: Session, text: str) -> None:
    """A name, a city, a street."""
    words = Reading(text)
    name = take_quoted(words)
    city, __, street = words.rest.replace(Reading.GAP, " ").strip().partition(",")
    if not name or not street.strip():
        raise BadInputError('Write it like: add centre "Heart Clinic" Berlin, Karl-Marx-Str. 1')
    made = await create_centre(
        session.tx, session.ctx, session.person, name=name, city=city.strip(), street=street.strip()
    )
    await session.say(
        _(
            "**{name}** in {city} is registered ({timezone}, {currency}). Next: add admin"
            " @somebody:example.org to {name}",
            name=escape(made.name),
            city=escape(made.city),
            timezone=made.timezone,
            currency=made.currency,
        )
    )


@command(
    "add admin",
    "@ID to CENTRE",
    help="let somebody run a centre: add admin @clara:example.org to Heart Clinic",
    who=runs_centres,
    group="Platform",
)
async def add_admin(session: Session, text: str) -> None:
    """Somebody's account, and the centre."""
    words = Reading(text)
    mxid = take_mxid(words)
    named = words.take(re.compile(r"\b(?:to|at|for) (?:the )?(?P<name>[^|]+)$", re.IGNORECASE))
    found = await reading.centres_named(session.tx, named["name"].strip(' "')) if named else []
    if not mxid or not found:
        raise BadInputError("Write it like: add admin @clara:example.org to Heart Clinic")
    await add_centre_admin(session.tx, session.ctx, session.person, found[0].id, mxid)
    await session.say(_("{mxid} runs **{name}** now.", mxid=escape(mxid), name=escape(found[0].name)))
