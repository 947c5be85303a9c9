"""Notes and sick notes as PDFs. Pure but for the fonts' files."""

from datetime import date

from core.timezones import zone
from records.documents.rules import Document, DocumentStatus, SickNote
from records.paper import Paper, moment

_SIGNED = (
    "The doctor named above signed this in careConnect, which checked the signature (key {key}) when it made this"
    " document. That is not a qualified electronic signature, and this document carries none: whoever relies on it"
    " checks its code with the centre."
)
_NOT_SIGNED = (
    "This document is not a qualified electronic signature and carries none. It shows what the doctor named above wrote"
    " in careConnect; whoever relies on it checks its code with the centre."
)


def document_pdf(one: Document, *, timezone: str, employer: bool = False) -> bytes:
    """The document, with times in the zone of that IANA name. The same document gives the same bytes, always.

    `employer`: the copy of a sick note that says nothing of why. Raises BadInputError for an unknown zone.
    """
    there = zone(timezone)
    name = "Sick note" if isinstance(one.content, SickNote) else "Note"
    sheet = Paper(f"{name} {one.code}", at=one.changed_at)
    sheet.write(name, size=22, tag="H1")
    sheet.write(f"Code {one.code}" + (", copy for the employer" if employer else ""), size=13)
    sheet.gap(6)
    if one.status is DocumentStatus.ENTERED_IN_ERROR:
        sheet.write(f"WITHDRAWN on {moment(one.changed_at, there)}: not valid", size=13, tag="H2")
        if not employer:
            sheet.field("Why", one.why)
        sheet.gap(4)
    sheet.field("Patient", one.patient_name)
    sheet.field("Written by", f"{one.practitioner_name}, {one.centre_name}")
    sheet.field("Written", moment(one.created_at, there))
    if one.version > 1 and one.status is DocumentStatus.AMENDED:
        sheet.field("Changed", f"{moment(one.changed_at, there)}, version {one.version}")
    sheet.rule()
    if isinstance(one.content, SickNote):
        _sick_note(sheet, one.content, employer=employer)
    else:
        sheet.write(one.content.text)
    sheet.rule()
    sheet.excuse()
    sheet.write(_SIGNED.format(key=one.signed_by) if one.signed_by else _NOT_SIGNED, size=9)
    return sheet.done()


def _sick_note(sheet: Paper, said: SickNote, *, employer: bool) -> None:
    how = "in part" if said.limits else "not"
    sheet.write(f"Can {how} do: {said.activity}", size=17, tag="H2")
    sheet.gap(2)
    sheet.field("From", _day(said.first), size=13)
    sheet.field("Until and including", _day(said.last), size=13)
    sheet.field("Days", str(said.days))
    sheet.field("In what way", said.limits)
    if not employer:
        sheet.field("Diagnosis (not on the employer's copy)", said.diagnosis)


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"
