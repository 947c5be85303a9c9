"""What speaks against a draft: the same ingredient twice, an allergy. And, as loudly, what could not be checked. Pure.

The list of medicines has ingredients and WHO's groups; it has no data on interactions, so these are never checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from records.prescriptions.medications import Medication, known, plain_name
from records.prescriptions.rules import Draft, Prescription, Status

_GROUPS = {
    "penicillin": "J01C",
    "penicillins": "J01C",
    "beta lactam": "J01C",
    "cephalosporin": "J01D",
    "cephalosporins": "J01D",
    "macrolide": "J01FA",
    "macrolides": "J01FA",
    "tetracycline": "J01AA",
    "tetracyclines": "J01AA",
    "quinolone": "J01M",
    "quinolones": "J01M",
    "sulfonamide": "J01E",
    "sulfonamides": "J01E",
    "nsaid": "M01A",
    "nsaids": "M01A",
    "statin": "C10AA",
    "statins": "C10AA",
    "opioid": "N02A",
    "opioids": "N02A",
}
"""What people say they are allergic to, as the beginning of WHO's codes."""
_ALLERGY_GROUP = 5
"""Letters of WHO's code that two medicines of one chemical group share."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, in sentences for the doctor."""

    warnings: tuple[str, ...]
    not_checked: tuple[str, ...]


def check_draft(
    draft: Draft, others: Sequence[Prescription], allergies: Sequence[str] | None, now: datetime
) -> Checked:
    """Lay a draft beside what the patient has been prescribed, and what they say they do not tolerate.

    `others`: all prescriptions of the patient; those that are over count for nothing. `allergies`: None if the patient
    was never asked, empty if they say that there are none.
    """
    warnings: list[str] = []
    missing: list[str] = []
    medicine = known(draft.medication)
    if medicine is None:
        missing.append(
            f"{draft.medication} is not in the list of medicines: its ingredients and its group are not known"
        )
    elif not medicine.atc:
        missing.append(f"the group of {draft.medication}, which the list of medicines does not have")
    current = [one for one in others if one.status in {Status.ACTIVE, Status.ON_HOLD} and now < one.valid_until]
    for one in current:
        if one.draft.medication != draft.medication and known(one.draft.medication) is None:
            missing.append(
                f"{one.draft.medication} ({one.code}), which the patient has, is not in the list of medicines"
            )
        shared = _ingredients(draft.medication) & _ingredients(one.draft.medication)
        if shared:
            named = ", ".join(sorted(shared))
            warnings.append(
                f"the patient already has {one.draft.medication} ({one.code}): the same ingredient, {named}"
            )
    if allergies is None:
        missing.append("allergies: the patient has not said whether there are any")
    for allergy in allergies or ():
        said = _allergic(draft.medication, medicine, allergy)
        if said:
            warnings.append(said)
        elif _prefix(allergy) is None:
            missing.append(f"the allergy “{allergy}” is not in the list of medicines")
    missing.append("interactions: there is no data on them here")
    return Checked(tuple(warnings), tuple(missing))


def _ingredients(name: str) -> frozenset[str]:
    """Amoxicillin and clavulanic acid: both; what is not in the list is its own ingredient."""
    medicine = known(name)
    named = medicine.name if medicine else name
    return frozenset(plain_name(part) for part in named.split(" and ") if part.strip())


def _allergic(name: str, medicine: Medication | None, allergy: str) -> str:
    if _ingredients(name) & _ingredients(allergy) or plain_name(allergy) in plain_name(name):
        return f"the patient says they are allergic to {allergy}"
    prefix = _prefix(allergy)
    codes = [medicine.atc] if medicine else []
    codes += [each.atc for part in _ingredients(name) if (each := known(part))]
    if prefix and any(code.startswith(prefix) for code in codes if code):
        return f"the patient says they are allergic to {allergy}, which is of the same group"
    return ""


def _prefix(allergy: str) -> str | None:
    """The beginning of WHO's code that an allergy is about."""
    group = _GROUPS.get(plain_name(allergy))
    if group:
        return group
    medicine = known(allergy)
    if medicine is None or not medicine.atc:
        return None
    wide = next((each for each in _GROUPS.values() if medicine.atc.startswith(each)), None)
    return wide or medicine.atc[:_ALLERGY_GROUP]
