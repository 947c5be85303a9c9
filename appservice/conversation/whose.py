"""Of whom somebody speaks: "for Mia" somewhere in what they write, or themselves."""

import re
from uuid import UUID

from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded
from appservice.matrix.markdown import escape
from booking.people.service import patient_name
from core.errors import BadInputError
from core.languages import _

_FOR = re.compile(r"\s*\b(?:for|of) (?P<name>(?!@)[^,;:@]+?)(?=\s*:| with | until |$)", re.IGNORECASE)
_BEFORE = r"(?:\b(?:for|of|f[uü]r|von|pour|de|para|untuk|bagi)\s|(?<!\w)ل(?:ـ|\s)?)(?:my \w+ )?"
"""What stands before a name in one of our languages."""
_BEHIND = r"(?:'s)?(?!\w)\s*[:,;]?"


def take_member(session: Session, text: str, *, prose: bool = False) -> tuple[UUID | None, str]:
    """Part the member of the family who is named from the rest; None where nobody is.

    Raises BadInputError for a name of nobody in the family. In `prose`, "of" makes nobody's name of what follows it.
    """
    low = folded(text)
    as_written = len(low) != len(text)  # places in one are not those in the other
    for member in (*session.person.family, session.person.patient):
        for name in (member.name, member.name.split()[0]) if member.name else ():
            spelt = re.escape(name if as_written else folded(name))
            found = re.search(rf"{_BEFORE}{spelt}{_BEHIND}", text if as_written else low, re.IGNORECASE)
            if found:
                return member.id, f"{text[: found.start()]}{text[found.end() :]}".strip()
    unknown = _FOR.search(text)
    if unknown is None or (prose and unknown[0].lower().split()[0] == "of"):
        return None, text
    raise BadInputError("I know nobody of that name in your family. “family” lists them.")


async def for_whom(session: Session, patient: UUID) -> str:
    """(for Mia), where it is not oneself."""
    if patient == session.person.patient.id:
        return ""
    return _(" (for {name})", name=escape(await patient_name(session.tx, session.ctx, patient)))
