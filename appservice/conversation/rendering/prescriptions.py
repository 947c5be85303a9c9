"""Prescriptions in words. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated
from appservice.matrix.markdown import escape
from core.languages import _, commas, ngettext
from records.prescriptions.checks import Checked
from records.prescriptions.dosage import in_short
from records.prescriptions.rules import Draft, Prescription, Status

_STATES = {
    Status.DRAFT: "draft",
    Status.ACTIVE: "active",
    Status.ON_HOLD: "on-hold",
    Status.CANCELLED: "cancelled",
    Status.COMPLETED: "completed",
    Status.ENTERED_IN_ERROR: "entered-in-error",
    Status.STOPPED: "stopped",
    Status.UNKNOWN: "unknown",
}


def medicine(draft: Draft) -> str:
    """Bisoprolol 2.5 mg, tablets"""
    name = " ".join(part for part in (draft.medication, draft.strength) if part)
    return escape(commas((name, draft.form)) if draft.form else name)


def lines(draft: Draft, coded: Mapping[str, Any]) -> str:
    """All that a doctor has written, as a list. `coded`: how to take it, as data that programs read."""
    repeats = ngettext("{count} time", "{count} times", draft.repeats) if draft.repeats else _("none")
    rows = [
        f"**{medicine(draft)}**",
        _("How to take it: {dosage}", dosage=escape(draft.dosage)),
        _("As data: {coded}", coded=in_short(coded) or _("none, the words alone hold")),
        _("Quantity: {quantity}", quantity=escape(draft.quantity)),
        _("Repeats: {repeats}", repeats=repeats),
        _(
            "Another product with the same ingredient: {more}",
            more=_("allowed") if draft.substitution else _("not allowed"),
        ),
        ngettext("Valid for {count} day", "Valid for {count} days", draft.valid_days),
    ]
    if draft.note:
        rows.append(_("Note: {note}", note=escape(draft.note)))
    return "\n".join(f"- {row}" for row in rows)


def findings(found: Checked, allergies: Sequence[str] | None) -> str:
    """What the checks found, and what they could not look at."""
    rows = [_("**WARNING**: {each}.", each=escape(each)) for each in found.warnings]
    if not found.warnings:
        rows.append(_("Nothing was found in what could be checked."))
    if allergies is not None:
        rows.append(_("Allergies, as the patient says: {value}.", value=escape(commas(allergies)) or _("none")))
    rows += [_("**NOT CHECKED**: {each}.", each=escape(each)) for each in found.not_checked]
    return "\n".join(f"- {row}" for row in rows)


def state(of: Status) -> str:
    """FHIR's word."""
    return _(_STATES[of])


def short(one: Prescription, place: ZoneInfo) -> str:
    """One line of a list."""
    return commas((f"**{one.code}** {medicine(one.draft)}", state(one.status), dated(one.authored_on, place)))


def full(one: Prescription, place: ZoneInfo) -> str:
    """The whole prescription."""
    standing = "" if one.status == "active" else _("\n\nIt is {value}.", value=state(one.status))
    if one.signed_by is None:
        standing += _("\n\nIt is **not signed**: no pharmacy can check it.")
    return _(
        "Prescription **{code}** for {patient_name}\n\n{lines}\n\n{practitioner_name},"
        " {centre_name}, {dated}. Valid until {dated2}.{state}",
        code=one.code,
        patient_name=escape(one.patient_name),
        lines=lines(one.draft, one.dosage_coded),
        practitioner_name=escape(one.practitioner_name),
        centre_name=escape(one.centre_name),
        dated=dated(one.authored_on, place),
        dated2=dated(one.valid_until, place),
        state=standing,
    )
