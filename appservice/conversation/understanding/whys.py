"""Why a clinic cancels, in its words: "doctor ill", "we are closed", "patient called". Pure."""

import re

from booking.appointments.model import Why
from core.errors import BadInputError

_WORDS = {
    Why.PATIENT_ASKED: r"patient|called|phoned|asked|wish|request",
    Why.CENTRE_CLOSED: r"closed|closing|closure|holiday of the centre|strike",
    Why.EMERGENCY: r"emergency|urgent",
    Why.EQUIPMENT: r"equipment|device|machine|room|broken|repair|power",
    Why.DOCTOR_UNABLE: r"doctor|dr|ill|sick|away|absent|holiday|vacation|leave|krank",
}


def read_why(text: str) -> Why:
    """Return the reason that is meant, the clinic's own without words. Raises BadInputError for what is none of them.

    Only the code is kept: what else is written about a doctor or a patient is not.
    """
    if not text.strip():
        return Why.BY_CENTRE
    for why, words in _WORDS.items():
        if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
            return why
    raise BadInputError(
        "Which reason? Write one of these behind the code: doctor ill, centre closed, emergency, equipment, patient"
        " asked. Or none."
    )
