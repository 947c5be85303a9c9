"""A prescription as a PDF, in the language that is spoken. Pure but for the fonts' files."""

from core.languages import N_, _, ngettext
from core.timezones import zone
from records.paper import Paper, moment
from records.prescriptions.rules import Prescription, Status

_SIGNED = N_(
    "The doctor named above signed this prescription in careConnect, which checked the signature (key {key}) when it"
    " made this document. That is not a qualified electronic signature, and this document carries none: whoever relies"
    " on it opens the address of the QR code."
)
_NOT_SIGNED = N_(
    "This document is not a qualified electronic signature and carries none. It shows what the doctor named above wrote"
    " in careConnect; whoever relies on it checks the code with the centre."
)
_ENDED = {
    Status.DRAFT: N_("DRAFT on {when}: not to be dispensed"),
    Status.ON_HOLD: N_("ON HOLD since {when}: not to be dispensed"),
    Status.CANCELLED: N_("WITHDRAWN on {when}: not to be dispensed"),
    Status.STOPPED: N_("STOPPED on {when}: not to be dispensed"),
    Status.COMPLETED: N_("USED UP on {when}: not to be dispensed"),
    Status.ENTERED_IN_ERROR: N_("A MISTAKE, withdrawn on {when}: not to be dispensed"),
    Status.UNKNOWN: N_("NOT KNOWN since {when}: not to be dispensed"),
}


def prescription_pdf(
    p: Prescription, *, timezone: str, page: str, access: str | None = None, beside: str | None = None
) -> bytes:
    """The document, with times in the zone of that IANA name. The same prescription gives the same bytes, always.

    The QR code holds `page`, the address of the prescription's public page, and behind a # the secret `access` that a
    pharmacy needs to dispense; without one the document is a copy, and says so. What is short is said `beside` in a
    second language: the pharmacy's. What the doctor wrote stays as it was signed. Takes about a tenth of a second of
    computing: call it in a thread. Raises BadInputError for an unknown zone.
    """
    there = zone(timezone)
    sheet = Paper(_("Prescription {code}", code=p.code), at=p.status_changed, beside=beside)
    sheet.code(f"{page}#{access}" if access else page, _("QR code of the page of prescription {code}", code=p.code))
    sheet.write(sheet.said("Prescription"), size=22, tag="H1")
    sheet.write(_("Code {code}", code=p.code), size=13)
    sheet.gap(16)
    if p.status is not Status.ACTIVE:
        ended = sheet.both(lambda: _(_ENDED[p.status], when=moment(p.status_changed, there)))
        sheet.write(ended, size=13, tag="H2")
        sheet.field(sheet.said("Reason"), p.status_reason)
        sheet.gap(4)
    sheet.field(sheet.said("Patient"), p.patient_name)
    sheet.field(sheet.said("Prescribed by"), f"{p.practitioner_name}, {p.centre_name}")
    sheet.field(sheet.said("Written"), sheet.both(lambda: moment(p.authored_on, there)))
    sheet.field(sheet.said("Valid until"), sheet.both(lambda: moment(p.valid_until, there)))
    sheet.rule()
    sheet.write(p.draft.medication, size=17, tag="H2")
    sheet.write(", ".join(part for part in (p.draft.strength, p.draft.form) if part), size=13)
    sheet.gap(3)
    sheet.field(sheet.said("How to take it"), p.draft.dosage, size=13)
    sheet.field(sheet.said("Quantity"), p.draft.quantity)
    sheet.field(sheet.said("Repeats"), sheet.both(lambda: _repeats(p.draft.repeats)))
    substitution = sheet.said("allowed") if p.draft.substitution else sheet.said("not allowed")
    sheet.field(sheet.said("Another product with the same ingredient"), substitution)
    sheet.field(sheet.said("Note"), p.draft.note)
    sheet.rule()
    if access:
        sheet.field(sheet.said("Access code for the pharmacy"), access, size=12)
        sheet.field(sheet.said("Page for the pharmacy"), page)
        sheet.write(
            _("Whoever has this access code can see this prescription and have it dispensed: show it to no others.")
        )
    else:
        sheet.write(
            sheet.said("This is a copy for reading: without the patient's access code nothing is dispensed on it.")
        )
    sheet.gap(2)
    sheet.excuse()
    sheet.write(_(_SIGNED, key=p.signed_by) if p.signed_by else _(_NOT_SIGNED), size=9)
    return sheet.done()


def _repeats(repeats: int) -> str:
    if repeats == 0:
        return _("none: dispensed once")
    return ngettext("{count} time more", "{count} times more", repeats)
