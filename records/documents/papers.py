"""Notes and sick notes as PDFs, in the language that is spoken. Pure but for the fonts' files."""

from core.dates import full_dated_day
from core.languages import N_, _
from core.timezones import zone
from records.documents.rules import Document, DocumentStatus, SickNote
from records.paper import Paper, moment

_SIGNED = N_(
    "The doctor named above signed this in careConnect, which checked the signature (key {key}) when it made this"
    " document. That is not a qualified electronic signature, and this document carries none: whoever relies on it"
    " checks its code with the centre."
)
_NOT_SIGNED = N_(
    "This document is not a qualified electronic signature and carries none. It shows what the doctor named above wrote"
    " in careConnect; whoever relies on it checks its code with the centre."
)

_ACTIVITIES = frozenset({N_("work"), N_("school"), N_("sport")})
"""Those that doctors name in our words; others stay as they wrote them."""


def document_pdf(one: Document, *, timezone: str, employer: bool = False, beside: str | None = None) -> bytes:
    """The document, with times in the zone of that IANA name. The same document gives the same bytes, always.

    `employer`: the copy of a sick note that says nothing of why. A sick note's labels are said `beside` in a second
    language, for whoever is shown it. Raises BadInputError for an unknown zone.
    """
    there = zone(timezone)
    sick = isinstance(one.content, SickNote)
    name = _("Sick note") if sick else _("Note")
    sheet = Paper(f"{name} {one.code}", at=one.changed_at, beside=beside if sick else None)
    sheet.write(sheet.said("Sick note") if sick else name, size=22, tag="H1")
    sheet.write(_("Code {code}", code=one.code), size=13)
    if employer:
        sheet.write(sheet.said("Copy for the employer"), size=13)
    sheet.gap(6)
    if one.status is DocumentStatus.ENTERED_IN_ERROR:
        withdrawn = sheet.both(lambda: _("WITHDRAWN on {when}: not valid", when=moment(one.changed_at, there)))
        sheet.write(withdrawn, size=13, tag="H2")
        if not employer:
            sheet.field(_("Why"), one.why)
        sheet.gap(4)
    sheet.field(sheet.said("Patient"), one.patient_name)
    sheet.field(sheet.said("Written by"), f"{one.practitioner_name}, {one.centre_name}")
    sheet.field(sheet.said("Written"), sheet.both(lambda: moment(one.created_at, there)))
    if one.version > 1 and one.status is DocumentStatus.AMENDED:
        changed = _("{when}, version {version}", when=moment(one.changed_at, there), version=one.version)
        sheet.field(sheet.said("Changed"), changed)
    sheet.rule()
    if isinstance(one.content, SickNote):
        _sick_note(sheet, one.content, employer=employer)
    else:
        sheet.write(one.content.text)
    sheet.rule()
    sheet.excuse()
    sheet.write(_(_SIGNED, key=one.signed_by) if one.signed_by else _(_NOT_SIGNED), size=9)
    return sheet.done()


def _sick_note(sheet: Paper, said: SickNote, *, employer: bool) -> None:
    sheet.write(sheet.both(lambda: _able(said)), size=17, tag="H2")
    sheet.gap(2)
    sheet.field(sheet.said("From"), sheet.both(lambda: full_dated_day(said.first)), size=13)
    sheet.field(sheet.said("Until and including"), sheet.both(lambda: full_dated_day(said.last)), size=13)
    sheet.field(sheet.said("Days"), str(said.days))
    sheet.field(sheet.said("In what way"), said.limits)
    if not employer:
        sheet.field(_("Diagnosis (not on the employer's copy)"), said.diagnosis)


def _able(said: SickNote) -> str:
    activity = _(said.activity) if said.activity in _ACTIVITIES else said.activity
    if said.limits:
        return _("Can in part do: {activity}", activity=activity)
    return _("Can not do: {activity}", activity=activity)
