"""How a medicine is taken, as data: read from the words that a doctor wrote, where these say it without doubt. Pure.

FHIR's Dosage (https://hl7.org/fhir/R5/dosage.html): timing.repeat has how often and for how long, doseAndRate how much.
The words stand beside it, and hold: nothing is coded that could be meant in two ways. Read as English, and else as a
whole sentence of one of the languages of records.prescriptions.dosage_words.
"""

import re
from collections.abc import Mapping
from typing import Any

from records.canonical import Json
from records.prescriptions.dosage_words import in_english

_NUMBERS = {
    "a": 1,
    "one": 1,
    "once": 1,
    "two": 2,
    "twice": 2,
    "three": 3,
    "thrice": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    **{str(number): number for number in range(1, 100)},
}
_NUMBER = r"\d{1,2}|one|two|three|four|five|six"
_UNITS = {"hour": "h", "day": "d", "week": "wk", "month": "mo"}
_PER = r"(?:a|per|each|every) (?P<per>day|week|month)|(?P<daily>daily)|(?P<weekly>weekly)"
_OFTEN = re.compile(
    rf"\b(?P<upto>up to )?(?:(?P<word>once|twice|thrice)|(?P<times>{_NUMBER})(?: times| ?x))(?: (?:{_PER}))?\b"
)
_EVERY = re.compile(rf"\bevery (?:(?P<n>{_NUMBER}) )?(?P<other>other )?(?P<unit>hour|day|week|month)s?\b")
_ALONE = re.compile(r"\b(?:daily|weekly)\b")
_LONG = re.compile(rf"(?:\bfor |, ?)(?P<n>\d{{1,3}}|{_NUMBER}|a) (?P<unit>day|week|month)s?(?=$|[,;.])")
_NEEDED = re.compile(r"\b(?:as|if|when) (?:needed|required|necessary)\b|\bprn\b")
_DOSE = re.compile(
    r"^(?:take )?(?P<n>\d{1,3}(?:[.,]\d{1,2})?|one|two|three|four) (?P<unit>tablet|capsule|drop|puff|ml|sachet|spray"
    r"|suppository|lozenge|patch|unit)(?:s|es)?\b"
)
_DOUBT = re.compile(
    r"\b(?:then|first|later|after that|reduc\w*|increas\w*|taper\w*|alternat\w*|or|except|until|day \d|at most|attack"
    r"|not|skip\w*|max\w*|start\w*|pause\w*|break|off|cycle\w*|week(?:day|end)s?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b"
)


def coded(text: str) -> dict[str, Json]:
    """The members of a Dosage beside its text; empty where the words leave a doubt about how often.

    "1 capsule three times daily for 7 days" is a dose of 1 capsule, frequency 3, period 1 d, bounded by 7 d.
    """
    said = " ".join(text.casefold().split()).rstrip(" .")
    return _coded(said) or _coded(in_english(said))


def _coded(said: str) -> dict[str, Json]:
    often = [] if _DOUBT.search(said) else _repeats(said)
    if len(often) != 1:
        return {}
    repeat = dict(often[0])
    bounds = _LONG.search(said)
    if bounds:
        unit = bounds["unit"]
        repeat["boundsDuration"] = {
            "value": _number(bounds["n"]),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": _UNITS[unit],
        }
    found: dict[str, Json] = {"timing": {"repeat": repeat}}
    if _NEEDED.search(said):
        found["asNeeded"] = True
    dose = _DOSE.match(said)
    if dose and dose["n"].isalnum():  # canonical JSON has whole numbers alone here
        found["doseAndRate"] = [{"doseQuantity": {"value": _number(dose["n"]), "unit": dose["unit"]}}]
    return found


def _repeats(said: str) -> list[dict[str, Json]]:
    """Each way in which the words say how often; of two nobody knows which holds."""
    found: list[dict[str, Json]] = []
    for each in _OFTEN.finditer(said):
        per = each["per"] or ("day" if each["daily"] else "week" if each["weekly"] else None)
        times = _number(each["word"] or each["times"])
        often: dict[str, Json] = {"frequency": times, "period": 1, "periodUnit": _UNITS[per]} if per else {}
        if often and each["upto"]:
            often |= {"frequency": 1, "frequencyMax": times}
        found.append(often)
    for each in _EVERY.finditer(said):
        if each.start() and said[: each.start()].rstrip().endswith(("once", "twice", "times", "x")):
            continue  # "twice every day" was read above
        period = 2 if each["other"] else _number(each["n"] or "one")
        found.append({"frequency": 1, "period": period, "periodUnit": _UNITS[each["unit"]]})
    for alone in _ALONE.findall(_EVERY.sub("", _OFTEN.sub("", said))):
        found.append({"frequency": 1, "period": 1, "periodUnit": "d" if alone == "daily" else "wk"})
    return found if all(found) else []


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def in_short(dosage: Mapping[str, Any]) -> str:
    """1 capsule; 3 × / 1 d; 7 d. The same in every language: units are those of UCUM."""
    if "timing" not in dosage:
        return ""
    repeat = dosage["timing"]["repeat"]
    most = f"–{repeat['frequencyMax']}" if "frequencyMax" in repeat else ""
    parts = [f"{repeat['frequency']}{most} × / {repeat['period']} {repeat['periodUnit']}"]
    if "doseAndRate" in dosage:
        dose = dosage["doseAndRate"][0]["doseQuantity"]
        parts.insert(0, f"{dose['value']} {dose['unit']}")
    if bounds := repeat.get("boundsDuration"):
        parts.append(f"{bounds['value']} {bounds['code']}")
    return "; ".join(parts)
