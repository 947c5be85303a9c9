"""Kinds of records as people call them: "prescriptions and allergies", "everything". Pure."""

import re

from appservice.conversation.understanding.text import Reading
from records.access import SHAREABLE, Kind

_WORDS = {
    Kind.PRESCRIPTION: r"prescriptions?|medicines?|medication|drugs|rezepte?",
    Kind.SICK_NOTE: r"sick ?-?notes?|certificates?",
    Kind.NOTE: r"(?:visit |doctor'?s )?notes?|letters?",
    Kind.REFERRAL: r"referrals?",
    Kind.ATTACHMENT: r"files?|attachments?|documents?|images?|pictures?|scans?",
    Kind.ALLERGIES: r"allerg(?:y|ies)",
    Kind.HISTORY: r"history",
    Kind.REASON: r"reasons?(?: (?:for|of) (?:my |the )?visits?)?|symptoms",
}
_ALL = re.compile(r"\b(?:everything|all(?: of it)?(?: (?:my|the))?(?: records)?|(?:my )?records)\b", re.IGNORECASE)
_PATTERNS = {kind: re.compile(rf"\b(?:my )?(?:{words})\b", re.IGNORECASE) for kind, words in _WORDS.items()}


def take_kinds(words: Reading) -> frozenset[Kind]:
    """Take all kinds that are named; "everything" is all that can be shared."""
    found = {kind for kind, pattern in _PATTERNS.items() if words.take(pattern)}
    if not found and words.take(_ALL):
        return SHAREABLE
    return frozenset(found)
