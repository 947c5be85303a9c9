"""Whom an id is, in the words that a person may be told."""

from uuid import UUID

from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.context import Context
from booking.directory.reading import practitioner
from booking.people.service import person_by_id
from core.database import Tx
from core.errors import RefusedError
from core.languages import _
from records.audit.rules import Why


async def looker(session: Session, actor: UUID | None, why: str, patient: UUID) -> str:
    """Who looked: a doctor by name, others by what they are to the patient; never a name that nobody has told them."""
    if actor is None:
        return _("A pharmacy") if why == Why.PHARMACY else _("careConnect")
    if actor == session.person.id:
        return _("You")
    try:
        other = await person_by_id(session.tx, session.ctx, actor)
    except RefusedError:
        return _("Somebody who is not here any more")
    if other.practitioner_id:
        return escape((await practitioner(session.tx, other.practitioner_id)).name)
    if other.patient.id == patient:
        return _("The patient")
    return _("Somebody of your family") if why in {Why.OWN, Why.GUARDIAN} else escape(other.mxid)


async def grantee(tx: Tx, ctx: Context, person_id: UUID) -> str:
    """To whom something is shared: a doctor by name and Matrix id, others by their Matrix id alone."""
    other = await person_by_id(tx, ctx, person_id)
    if other.practitioner_id:
        return f"{escape((await practitioner(tx, other.practitioner_id)).name)} ({escape(other.mxid)})"
    return escape(other.mxid)
