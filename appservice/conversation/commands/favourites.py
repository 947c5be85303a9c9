"""What a doctor prescribes often, kept at hand."""

import re

from appservice.conversation.registry import command, doctor
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.prescriptions import medicine
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.terms import REMOVING
from appservice.matrix.markdown import escape
from core.errors import BadInputError
from core.languages import _, commas
from records.prescriptions.favourites import Habits, add_favourite, habits_of, remove_favourite
from records.prescriptions.service import prescription_by_code

_REMOVE = re.compile(r"remove (?P<number>\d{1,2})", re.IGNORECASE)


@command(
    "favourites|my favourites|favorites",
    help="what you prescribe often",
    who=doctor,
    group="Doctor",
    bare=True,
    heard=True,
)
async def favourites(session: Session, text: str) -> None:
    """List them."""
    await _show(session, await habits_of(session.tx, session.ctx.vault, await session.reader()))


@command(
    "favourite|favorite",
    "CODE, or remove NUMBER",
    help="keep a prescription at hand for the next patients",
    who=doctor,
    group="Doctor",
    heard=True,
    terms=REMOVING,
)
async def favourite(session: Session, text: str) -> None:
    """Keep what was prescribed, without whom it was for; or forget one."""
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    remove = _REMOVE.fullmatch(text.strip())
    if remove:
        await _show(session, await remove_favourite(tx, vault, reader, int(remove["number"]) - 1))
        return
    code, _ = split_code(text)
    if code is None:
        raise BadInputError("Write the code of a prescription: favourite K7QM3F. Or: favourite remove 1")
    found = await prescription_by_code(tx, vault, reader, code)
    await _show(session, await add_favourite(tx, vault, reader, found.draft))


async def _show(session: Session, habits: Habits) -> None:
    if not habits.favourites:
        await session.say(_("You have no favourites. Keep one: favourite and the code of a prescription."))
        return
    rows = [commas((medicine(each), escape(each.dosage), escape(each.quantity))) for each in habits.favourites]
    await session.say(
        _("Your favourites; “prescribe” and the visit's code offers them:\n\n{numbered}", numbered=numbered(rows))
    )
