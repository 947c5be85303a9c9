"""Finds a medicine in the list however it is typed. What is not in the list can be prescribed in free words."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from records.prescriptions.formulary import LINES
from records.prescriptions.importing import Term

_LIKE_ENOUGH = 72
_LINE = re.compile(r"(?P<name>[^|(]+?)\s*(?:\((?P<others>[^)]+)\)\s*)?\|" + r"\|".join([r"([^|]+)"] * 4))


@dataclass(frozen=True, slots=True)
class Medication:
    """A medicine of the list, with what is usual for adults."""

    name: str
    other_names: tuple[str, ...]
    atc: str
    """WHO's code; empty where a clinic's own list has none."""
    forms: tuple[str, ...]
    strengths: tuple[str, ...]
    dosages: tuple[str, ...]


def _read(line: str) -> Medication:
    found = _LINE.fullmatch(line)
    assert found is not None, line
    atc, forms, strengths, dosages = (part.strip() for part in found.groups()[2:])
    others = tuple(found["others"].split(", ")) if found["others"] else ()
    return Medication(
        found["name"], others, atc, tuple(forms.split("; ")), tuple(strengths.split(", ")), tuple(dosages.split("; "))
    )


MEDICATIONS = tuple(_read(line) for line in LINES.strip().splitlines())


def plain_name(text: str) -> str:
    """A name without accents, case and hyphens."""
    letters = unicodedata.normalize("NFKD", text.casefold()).replace("-", " ")
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


_BY_NAME = {
    plain_name(name): medication for medication in MEDICATIONS for name in (medication.name, *medication.other_names)
}


def add_medicines(terms: Iterable[Term]) -> int:
    """Add what a clinic's own lists have and ours has not, for this process; return how many. Called as it starts."""
    before = len(_BY_NAME)
    for term in terms:
        _BY_NAME.setdefault(plain_name(term.name), Medication(term.name, (), term.atc, (), (), ()))
    return len(_BY_NAME) - before


def suggest(text: str, *, limit: int = 5) -> list[Medication]:
    """Medicines that this may mean, likeliest first; none if it is like none of the list.

    Forgives typing errors and unfinished words; what follows the name ("400 mg tablets") is passed over. Only ever a
    question to the doctor: names of medicines look alike, so what was meant is for the doctor to choose.
    """
    wanted = plain_name(re.split(r"\d", text, maxsplit=1)[0])
    if len(wanted) < 2:
        return []
    scores: dict[str, float] = {}
    for name, medication in _BY_NAME.items():
        score = _likeness(wanted, name)
        if score >= _LIKE_ENOUGH:
            scores[medication.name] = max(score, scores.get(medication.name, 0))
    ordered = sorted(scores, key=lambda name: (-scores[name], name))
    return [_BY_NAME[plain_name(name)] for name in ordered[:limit]]


def _likeness(wanted: str, name: str) -> float:
    """100 for the name, near it for its beginning, else how few letters differ (of the whole or of its beginning)."""
    if f" {wanted}" in f" {name}":
        return 100.0 if wanted == name else 95.0
    words = " ".join(wanted.split()[: len(name.split())])  # "salbutamol inhaler" begins with a name
    beginning = fuzz.ratio(words, name[: len(words)]) * 0.9 if len(words) >= 4 else 0.0
    return max(fuzz.ratio(words, name), beginning) * 0.99


def known(medication: str) -> Medication | None:
    """The medicine of the list that is named exactly so; a guess would be worse than none."""
    return _BY_NAME.get(plain_name(medication))


def atc_of(medication: str) -> str | None:
    """The code of a medicine that is named exactly as in the list."""
    found = known(medication)
    return found.atc or None if found else None
