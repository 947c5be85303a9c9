"""Prescriptions in words. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated
from appservice.matrix.markdown import escape
from records.prescriptions.checks import Checked
from records.prescriptions.rules import Draft, Prescription


def medicine(draft: Draft) -> str:
    """Bisoprolol 2.5 mg, tablets"""
    name = " ".join(part for part in (draft.medication, draft.strength) if part)
    return escape(f"{name}, {draft.form}" if draft.form else name)


def lines(draft: Draft) -> str:
    """All that a doctor has written, as a list."""
    repeats = {0: "none", 1: "once"}.get(draft.repeats, f"{draft.repeats} times")
    rows = [
        f"**{medicine(draft)}**",
        f"How to take it: {escape(draft.dosage)}",
        f"Quantity: {escape(draft.quantity)}",
        f"Repeats: {repeats}",
        f"Another product with the same ingredient: {'allowed' if draft.substitution else 'not allowed'}",
        f"Valid for {draft.valid_days} days",
    ]
    if draft.note:
        rows.append(f"Note: {escape(draft.note)}")
    return "\n".join(f"- {row}" for row in rows)


def findings(found: Checked, allergies: Sequence[str] | None) -> str:
    """What the checks found, and what they could not look at."""
    rows = [f"**WARNING**: {escape(each)}." for each in found.warnings]
    if not found.warnings:
        rows.append("Nothing was found in what could be checked.")
    if allergies is not None:
        rows.append(f"Allergies, as the patient says: {escape(', '.join(allergies)) or 'none'}.")
    rows += [f"**NOT CHECKED**: {escape(each)}." for each in found.not_checked]
    return "\n".join(f"- {row}" for row in rows)


def short(one: Prescription, place: ZoneInfo) -> str:
    """One line of a list."""
    return f"**{one.code}** {medicine(one.draft)}, {one.status.value}, {dated(one.authored_on, place)}"


def full(one: Prescription, place: ZoneInfo) -> str:
    """The whole prescription."""
    state = "" if one.status == "active" else f"\n\nIt is {one.status.value}."
    if one.signed_by is None:
        state += "\n\nIt is **not signed**: no pharmacy can check it."
    return (
        f"Prescription **{one.code}** for {escape(one.patient_name)}\n\n{lines(one.draft)}\n\n"
        f"{escape(one.practitioner_name)}, {escape(one.centre_name)}, {dated(one.authored_on, place)}."
        f" Valid until {dated(one.valid_until, place)}.{state}"
    )
