"""A prescription in one line: "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules".

In English or the doctor's own language; what is written of medicine and dosage stays as the doctor wrote it.
"""

import re
from dataclasses import dataclass
from functools import cache

from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.terms import FORMS, NONE, PRESCRIBING, RHYTHM
from appservice.conversation.understanding.text import folded, plain
from core.errors import BadInputError
from core.languages import heard

_UNIT = r"(?:mg|g|mcg|µg|μg|ug|ml|iu|i\.?e\.?|units?|%|mmol|mval)"
_STRENGTH = re.compile(
    rf"(?P<s>\d+(?:[.,]\d+)? ?{_UNIT}(?: ?/ ?(?:\d+(?:[.,]\d+)? ?)?(?:{_UNIT}|dose|puff|h|tablet))?)", re.I
)
_FORM = (
    r"(?:film-coated |prolonged-release |chewable |effervescent )?tablets?|capsules?|(?:oral )?(?:syrup|suspension|solution)"
    r"|(?:eye |ear |nose )?drops|(?:nasal )?spray|inhalers?|cream|ointment|gel|patch(?:es)?|suppositor(?:y|ies)|injection"
    r"|pens?|powder|granules|sachets?|lozenges?"
)
_HOW_OFTEN = re.compile(r"\b(?:daily|times|every|day|days|hours|weeks)\b", re.I)
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


@cache
def _form(language: str) -> re.Pattern[str]:
    """A form, in English or as somebody of that language writes it, with or without its accents."""
    own = {spelt for _, words in FORMS for each in heard(words, language) for spelt in (each, folded(each))}
    theirs = "|".join(re.escape(each) for each in sorted(own, key=len, reverse=True))
    return re.compile(rf"\b(?:(?P<english>{_FORM})|(?P<own>{theirs or '(?!)'}))\b", re.I)


def _tongue(language: str) -> str:
    return language.split("-", maxsplit=1)[0]


def read_medicine(text: str, language: str = "en") -> Line:
    """Read name, strength and form: "amoxicillin 500 mg capsules". Raises BadInputError without a name.

    Words behind these that are neither belong to the form: nothing that a doctor writes of a medicine is left out.
    """
    text = plain(text, 200).strip(" ,;.")
    form_of = _form(_tongue(language))
    strength = _STRENGTH.search(text)
    form = form_of.search(text, strength.end() if strength else 0) or form_of.search(text)
    found = sorted((match for match in (strength, form) if match), key=re.Match.start)
    name = text[: found[0].start()].strip(" ,;-") if found else text
    if not any(letter.isalpha() for letter in name):
        raise BadInputError("Which medicine? Write its name, for example: amoxicillin 500 mg capsules")
    shape = "" if form is None else form["english"].lower() if form["english"] else form["own"]
    between = text[found[0].end() : found[-1].start()] if len(found) > 1 else ""
    more = (between, text[found[-1].end() :]) if found else ()
    said = " ".join(each for each in (shape, *(piece.strip(" ,;-.") for piece in more)) if each)
    return Line(name, strength["s"] if strength else "", said)


def read_prescription(text: str, language: str = "en") -> Line:
    """Read a whole line, its parts between commas: medicine, dosage, quantity, and what else there is to say.

    That is repeats, "no substitution", "valid 30 days"; the rest is a note. `language`: the doctor's, which may be
    that of the line. Raises BadInputError.
    """
    parts = [part.strip() for part in re.split(r"[,;\n](?!\d)", plain(text, 1000)) if part.strip()]
    if not parts:
        raise BadInputError("Which medicine? Write its name, for example: amoxicillin 500 mg capsules")
    first = read_medicine(parts[0], language)
    rest = parts[1:]
    if rest and not first.form and (alone := _form(_tongue(language)).fullmatch(rest[0])):
        first = Line(first.medication, first.strength, rest.pop(0).lower() if alone["english"] else rest.pop(0))
    repeats: int | None = None
    quantity, dosage = "", ""
    substitution: bool | None = None
    valid_days: int | None = None
    notes: list[str] = []
    for n, part in enumerate(rest):
        said = in_english(part, language, PRESCRIBING)
        repeat, valid = _REPEATS.match(said), _VALID.match(said)
        if _NO_SUBSTITUTION.match(said):
            substitution = False
        elif valid:
            valid_days = int(valid["n"]) * (7 if valid["unit"].lower().startswith("week") else 1)
        elif repeat:
            repeats = int(repeat["n"] or repeat["m"] or 0)
        elif n and not quantity and _QUANTITY.match(part) and not _HOW_OFTEN.search(in_english(part, language, RHYTHM)):
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


def read_repeats(text: str, language: str = "en") -> int:
    """Return how often a prescription may be repeated: "0", "none", "2 times". Raises BadInputError."""
    text = in_english(plain(text, 40), language, (*PRESCRIBING, *NONE)).casefold().strip(" .!")
    if text in {"none", "no", "never", "zero", "no repeats", "no repeat", "once only", "nein", "keine", ""}:
        return 0
    match = re.search(r"\d{1,4}", text) or re.search(r"\b(?:once|twice)\b", text)
    number = None if not match else {"once": 1, "twice": 2}.get(match[0]) or int(match[0] if match[0].isdigit() else 0)
    if number is None or number > 12:
        raise BadInputError("How many repeats? A number from 0 to 12.")
    return number
