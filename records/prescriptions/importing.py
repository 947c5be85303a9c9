"""Reads lists of medicines that a clinic owns into ours: WHO's ATC index, RxNorm, the NHS's dm+d. Pure.

From each only what prescriptions are checked with is taken: names of ingredients, and WHO's codes where the list has
them. RxNorm: RXNCONSO.RRF, https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html, section 12.4. dm+d: the file
of VTMs (f_vtm2_*.xml). ATC: any CSV or TSV whose first column is the code and the second the name.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.errors import BadInputError

_SUBSTANCE = re.compile(r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}")
"""A code of ATC's fifth level: a substance, or a fixed combination."""
_RXNORM_COLUMNS = 18
_INGREDIENTS = frozenset({"IN", "PIN", "MIN"})
_VTM = re.compile(r"<VTM>(.*?)</VTM>", re.DOTALL)
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&apos;": "'", "&quot;": '"'}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Term:
    """A medicine as a list names it."""

    name: str
    atc: str = ""
    """WHO's code; empty where the list has none."""


def read_list(text: str) -> list[Term]:
    """Read a file of any of the three kinds. Raises BadInputError if it is none of them."""
    first = text.lstrip("\ufeff \r\n").partition("\n")[0]
    if first.startswith("<"):
        found = _dmd(text)
    elif first.count("|") >= _RXNORM_COLUMNS - 1:
        found = _rxnorm(text.splitlines())
    else:
        found = _atc(text.lstrip("\ufeff").splitlines())
    terms = [term for term in found if 0 < len(term.name) <= _LONGEST and term.name.isprintable()]
    if not terms:
        raise BadInputError(
            "That is no list of medicines that I know: ATC (CSV), RxNorm (RXNCONSO.RRF), dm+d (VTM, XML)."
        )
    return terms


def merged(lists: Iterable[Iterable[Term]]) -> list[Term]:
    """One list, each name once, in the order of the alphabet; a code from any of them is kept."""
    codes: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for term in (term for each in lists for term in each):
        key = term.name.casefold()
        spelt.setdefault(key, term.name)
        codes[key] = codes.get(key) or term.atc
    return [Term(spelt[key], codes[key]) for key in sorted(spelt)]


def written(terms: Iterable[Term]) -> str:
    """The file that the setting records.medicines names: a line each, name and code, with a tab between."""
    return "".join(f"{term.name}\t{term.atc}\n" for term in terms)


def read_written(text: str) -> list[Term]:
    """Reverse `written`. Raises BadInputError."""
    terms = [Term(*line.split("\t")) for line in text.splitlines() if line.count("\t") == 1]
    if not terms or any(not term.name or (term.atc and not _SUBSTANCE.fullmatch(term.atc)) for term in terms):
        raise BadInputError("That file was not made by `careconnect medicines`.")
    return terms


def _atc(lines: list[str]) -> Iterator[Term]:
    delimiter = "\t" if lines and "\t" in lines[0] else ";" if lines and ";" in lines[0] else ","
    for row in csv.reader(lines, delimiter=delimiter):
        if len(row) >= 2 and _SUBSTANCE.fullmatch(row[0].strip()):
            yield Term(" ".join(row[1].split()), row[0].strip())


def _rxnorm(lines: Iterable[str]) -> Iterator[Term]:
    """Ingredients by RxNorm's own names; the codes are those that ATC has in the same file for the same concept."""
    names: dict[str, list[str]] = {}
    codes: dict[str, str] = {}
    for line in lines:
        row = line.split("|")
        if len(row) < _RXNORM_COLUMNS or row[1] != "ENG" or row[16] not in ("N", ""):
            continue
        concept, source, kind, code, name = row[0], row[11], row[12], row[13], row[14]
        if source == "RXNORM" and kind in _INGREDIENTS:
            names.setdefault(concept, []).append(" and ".join(part.strip() for part in name.split(" / ")))
        elif source == "ATC" and _SUBSTANCE.fullmatch(code):
            codes.setdefault(concept, code)
    for concept, spelt in names.items():
        for name in spelt:
            yield Term(name, codes.get(concept, ""))


def _dmd(text: str) -> Iterator[Term]:
    """VTMs: what a product is of, strength and form apart. They are flat elements, so that no parser is needed."""
    for found in _VTM.finditer(text):
        fields = dict(re.findall(r"<(\w+)>([^<]*)</\1>", found[1]))
        if fields.get("INVALID") == "1":
            continue
        name = fields.get("NM", "")
        for entity, sign in _ENTITIES.items():
            name = name.replace(entity, sign)
        yield Term(" and ".join(part.strip() for part in name.split(" + ")))
