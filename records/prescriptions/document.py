"""A prescription as a PDF. Pure but for the fonts' files."""

from core.timezones import zone
from records.paper import Paper, moment
from records.prescriptions.rules import Prescription, Status

_SIGNED = (
    "The doctor named above signed this prescription in careConnect, which checked the signature (key {key}) when it"
    " made this document. That is not a qualified electronic signature, and this document carries none: whoever relies"
    " on it opens the address of the QR code."
)
_NOT_SIGNED = (
    "This document is not a qualified electronic signature and carries none. It shows what the doctor named above wrote"
    " in careConnect; whoever relies on it checks the code with the centre."
)


def prescription_pdf(p: Prescription, *, timezone: str, page: str, access: str | None = None) -> bytes:
    """The document, with times in the zone of that IANA name. The same prescription gives the same bytes, always.

    The QR code holds `page`, the address of the prescription's public page, and behind a # the secret `access` that a
    pharmacy needs to dispense; without one the document is a copy, and says so. Takes about a tenth of a second of
    computing: call it in a thread. Raises BadInputError for an unknown zone.
    """
    there = zone(timezone)
    sheet = Paper(f"Prescription {p.code}", at=p.status_changed)
    sheet.code(f"{page}#{access}" if access else page, f"QR code of the page of prescription {p.code}")
    sheet.write("Prescription", size=22, tag="H1")
    sheet.write(f"Code {p.code}", size=13)
    sheet.gap(16)
    if p.status is not Status.ACTIVE:
        sheet.write(f"{p.status.upper()} on {moment(p.status_changed, there)}: not to be dispensed", size=13, tag="H2")
        sheet.field("Reason", p.status_reason)
        sheet.gap(4)
    sheet.field("Patient", p.patient_name)
    sheet.field("Prescribed by", f"{p.practitioner_name}, {p.centre_name}")
    sheet.field("Written", moment(p.authored_on, there))
    sheet.field("Valid until", moment(p.valid_until, there))
    sheet.rule()
    sheet.write(p.draft.medication, size=17, tag="H2")
    sheet.write(", ".join(part for part in (p.draft.strength, p.draft.form) if part), size=13)
    sheet.gap(3)
    sheet.field("How to take it", p.draft.dosage, size=13)
    sheet.field("Quantity", p.draft.quantity)
    sheet.field("Repeats", _repeats(p.draft.repeats))
    sheet.field("Another product with the same ingredient", "allowed" if p.draft.substitution else "not allowed")
    sheet.field("Note", p.draft.note)
    sheet.rule()
    if access:
        sheet.field("Access code for the pharmacy", access, size=12)
        sheet.field("Page for the pharmacy", page)
        sheet.write(
            "Whoever has this access code can see this prescription and have it dispensed: show it to no others."
        )
    else:
        sheet.write("This is a copy for reading: without the patient's access code nothing is dispensed on it.")
    sheet.gap(2)
    sheet.excuse()
    sheet.write(_SIGNED.format(key=p.signed_by) if p.signed_by else _NOT_SIGNED, size=9)
    return sheet.done()


def _repeats(repeats: int) -> str:
    return {0: "none: dispensed once", 1: "once more"}.get(repeats, f"{repeats} times more")
