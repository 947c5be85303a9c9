"""A centre's patients by name: who phones has no code at hand."""

from appservice.conversation.commands.doctors import visits_listed
from appservice.conversation.commands.team import centre_of
from appservice.conversation.registry import clinic_admin, command
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.lookup.service import patients_called
from core.errors import BadInputError
from core.languages import _, ngettext


@command(
    "patient|find patient",
    "NAME [at CENTRE]",
    help="the visits of your centre's patients of that name: patient Anna Lind",
    who=clinic_admin,
    group="Centre",
    heard=True,
)
async def patient(session: Session, text: str) -> None:
    """When, with whom, by which code: what the centre's lists show. Nothing of health, and no other centre's visits."""
    words = Reading(text)
    at = await centre_of(session, words)
    name = words.rest.replace(Reading.GAP, " ").replace(Reading.GAP.strip(), " ").strip(' "')
    if not name:
        raise BadInputError("Write the patient's whole name: patient Anna Lind")
    found = await patients_called(session.tx, session.ctx, session.person, at.id, name)
    later = "" if found.whole else "\n\n" + _("I am still reading names in. Please ask once more in some minutes.")
    if not found.visits:
        said = _(
            "{centre} has had no patient called {name}. I look for the whole name, in any order and spelling of"
            " capitals and accents.",
            centre=escape(at.name),
            name=escape(name),
        )
        await session.say(said + later)
        return
    listed = await visits_listed(session.tx, session.ctx, session.place, list(found.visits), dated=True, doctors=True)
    head = ngettext(
        "One patient of that name at {centre}; visits, latest first:",
        "{count} patients of that name at {centre}; visits, latest first:",
        found.patients,
        centre=escape(at.name),
    )
    await session.say(f"{head}\n\n{listed}{later}")
