"""A prescription in one line: "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"."""

import re
from dataclasses import dataclass

from appservice.conversation.understanding.text import plain
from core.errors import BadInputError

_UNIT = r"(?:mg|g|mcg|µg|μg|ug|ml|iu|i\.?e\.?|units?|%|mmol|mval)"
_STRENGTH = re.compile(
    rf"(?P<s>\d+(?:[.,]\d+)? ?{_UNIT}(?: ?/ ?(?:\d+(?:[.,]\d+)? ?)?(?:{_UNIT}|dose|puff|h|tablet))?)", re.I
)
_FORM = re.compile(
    r"\b(?P<f>(?:film-coated |prolonged-release |chewable |effervescent )?tablets?|capsules?|(?:oral )?(?:syrup|suspension|solution)"
    r"|(?:eye |ear |nose )?drops|(?:nasal )?spray|inhalers?|cream|ointment|gel|patch(?:es)?|suppositor(?:y|ies)|injection"
    r"|pens?|powder|granules|sachets?|lozenges?)\b",
    re.I,
)
_REPEATS = re.compile(
    r"^(?:(?P<none>no repeats?|once only|no refills?)|(?P<n>\d{1,2}) ?(?:x )?(?:repeats?|refills?)|repeat (?P<m>\d{1,2})(?: times| x)?)$",
    re.I,
)
_NO_SUBSTITUTION = re.compile(r"^(?:no substitut\w*|do not substitute|dispense as written|aut idem)$", re.I)
_VALID = re.compile(r"^valid(?: for)? (?P<n>\d{1,3}) (?P<unit>days?|weeks?)$", re.I)
_QUANTITY = re.compile(
    r"^(?:(?:quantity|qty|dispense|total|pack of|n)\b:? ?)?(?P<q>\d{1,4}(?: ?x ?\d{1,4})? ?[^\d\s][^\d]{0,40}|\d{1,4})$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says of a medicine; empty where it says nothing."""

    medication: str
    strength: str = ""
    form: str = ""
    dosage: str = ""
    quantity: str = ""
    repeats: int | None = None
    note: str = ""
    substitution: bool | None = None
    valid_days: int | None = None


def read_medicine(text: str) -> Line:
    """Read name, strength and form: "amoxicillin 500 mg capsules". Raises BadInputError without a name."""
    text = plain(text, 200).strip(" ,;.")
    strength = _STRENGTH.search(text)
    form = _FORM.search(text, strength.end() if strength else 0) or _FORM.search(text)
    ends = [match.start() for match in (strength, form) if match]
    name = text[: min(ends)].strip(" ,;-") if ends else text
    if not any(letter.isalpha() for letter in name):
        raise BadInputError("Which medicine? Write its name, for example: amoxicillin 500 mg capsules")
    return Line(name, strength["s"] if strength else "", form["f"].lower() if form else "")


def read_prescription(text: str) -> Line:
    """Read a whole line, its parts between commas: medicine, dosage, quantity, and what else there is to say.

    That is repeats, "no substitution", "valid 30 days"; the rest is a note. Raises BadInputError.
    """
    parts = [part.strip() for part in re.split(r"[,;\n](?!\d)", plain(text, 1000)) if part.strip()]
    if not parts:
        raise BadInputError("Which medicine? Write its name, for example: amoxicillin 500 mg capsules")
    first = read_medicine(parts[0])
    rest = parts[1:]
    if rest and not first.form and _FORM.fullmatch(rest[0]):
        first = Line(first.medication, first.strength, rest.pop(0).lower())
    repeats: int | None = None
    quantity, dosage = "", ""
    substitution: bool | None = None
    valid_days: int | None = None
    notes: list[str] = []
    for n, part in enumerate(rest):
        repeat, valid = _REPEATS.match(part), _VALID.match(part)
        if _NO_SUBSTITUTION.match(part):
            substitution = False
        elif valid:
            valid_days = int(valid["n"]) * (7 if valid["unit"].lower().startswith("week") else 1)
        elif repeat:
            repeats = int(repeat["n"] or repeat["m"] or 0)
        elif (
            n and not quantity and _QUANTITY.match(part) and not re.search(r"\b(?:daily|times|every|day)\b", part, re.I)
        ):
            quantity = _QUANTITY.match(part)["q"].strip()  # type: ignore[index]
        elif n == 0:
            dosage = part
        elif not quantity:
            dosage = f"{dosage}, {part}" if dosage else part
        else:
            notes.append(part)
    return Line(
        first.medication,
        first.strength,
        first.form,
        dosage,
        quantity,
        repeats,
        ", ".join(notes),
        substitution,
        valid_days,
    )


def read_repeats(text: str) -> int:
    """Return how often a prescription may be repeated: "0", "none", "2 times". Raises BadInputError."""
    text = plain(text, 40).casefold().strip(" .!")
    if text in {"none", "no", "never", "zero", "no repeats", "no repeat", "once only", "nein", "keine", ""}:
        return 0
    match = re.search(r"\d{1,4}", text) or re.search(r"\b(?:once|twice)\b", text)
    number = None if not match else {"once": 1, "twice": 2}.get(match[0]) or int(match[0] if match[0].isdigit() else 0)
    if number is None or number > 12:
        raise BadInputError("How many repeats? A number from 0 to 12.")
    return number
