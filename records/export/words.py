"""Codes of FHIR's and of ours that an export has, as people read them. Pure."""

from core.languages import N_, _

_WORDS = {
    "proposed": N_("asked for, not approved yet"),
    "waitlist": N_("offered to you, not taken yet"),
    "pending": N_("held, not paid yet"),
    "booked": N_("booked"),
    "arrived": N_("arrived"),
    "fulfilled": N_("done"),
    "cancelled": N_("cancelled"),
    "noshow": N_("missed"),
    "entered-in-error": N_("a mistake"),
    "active": N_("active"),
    "inactive": N_("ended"),
    "on-hold": N_("on hold"),
    "completed": N_("completed"),
    "stopped": N_("stopped"),
    "revoked": N_("taken back"),
    "draft": N_("draft"),
    "unknown": N_("unknown"),
    "final": N_("as it was written"),
    "amended": N_("changed"),
    "read": N_("read"),
    "write": N_("wrote"),
    "erase": N_("erased"),
    "own": N_("as their own"),
    "guardian": N_("as one who speaks for the patient"),
    "care": N_("as a doctor who treats, or treated"),
    "consent": N_("as it was shared with them"),
    "emergency": N_("in an emergency"),
    "delivery": N_("to send what was asked for"),
    "pharmacy": N_("as the pharmacy that has the paper"),
    "request": N_("on the person's own word"),
    "prescription": N_("prescriptions"),
    "note": N_("notes"),
    "referral": N_("referrals"),
    "sick-note": N_("sick notes"),
    "attachment": N_("files"),
    "allergies": N_("allergies"),
    "history": N_("history"),
    "reason": N_("reasons for visits"),
    "Note": N_("Note"),
    "Sick note": N_("Sick note"),
    "Activity": N_("Activity"),
    "In what way": N_("In what way"),
    "Diagnosis": N_("Diagnosis"),
    "Why it was withdrawn": N_("Why it was withdrawn"),
}


def in_words(code: str) -> str:
    """A code in the reader's language; one that is not known stands for itself."""
    return _(_WORDS[code]) if code in _WORDS else code


def titled(title: str) -> str:
    """Sick note K7QM3F: the kind in the reader's language."""
    kind, _space, code = title.rpartition(" ")
    return f"{in_words(kind)} {code}" if kind else in_words(code)
