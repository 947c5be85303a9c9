"""Of whom somebody speaks: "for Mia" at the end of what they write, or themselves."""

import re
from uuid import UUID

from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded
from appservice.matrix.markdown import escape
from booking.people.service import patient_name
from core.errors import BadInputError
from core.languages import _

_FOR = re.compile(r"\s*\b(?:for|of) (?P<name>(?!@)[^,;:@]+?)(?= with | until |$)", re.IGNORECASE)


def take_member(session: Session, text: str) -> tuple[UUID | None, str]:
    """Part the member of the family who is named from the rest; None where nobody is. Raises BadInputError."""
    named = _FOR.search(text)
    if not named:
        return None, text
    wanted = folded(named["name"].strip(" ."))
    for member in (session.person.patient, *session.person.family):
        if member.name and wanted in {folded(member.name), folded(member.name.split()[0])}:
            return member.id, text[: named.start()] + text[named.end() :]
    raise BadInputError("I know nobody of that name in your family. “family” lists them.")


async def for_whom(session: Session, patient: UUID) -> str:
    """(for Mia), where it is not oneself."""
    if patient == session.person.patient.id:
        return ""
    return _(" (for {name})", name=escape(await patient_name(session.tx, session.ctx, patient)))
