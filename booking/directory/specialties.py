"""Medical specialties by the words that people use for them. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from core.languages import _, heard, language, speaking

_LONG = 7
"""Letters of a word that may be misspelt."""


@dataclass(frozen=True, slots=True)
class Specialty:
    """`label` names the field, `profession` who practises it; `words` are what people say instead."""

    code: str
    label: str
    profession: str
    words: tuple[str, ...]


def _specialty(code: str, label: str, profession: str, words: str) -> Specialty:
    return Specialty(code, label, profession, tuple(word.strip() for word in words.split(",")))


_ALL = (
    _specialty("general-practice", "General practice", "general practitioner",
               "gp, family doctor, family medicine, house doctor, hausarzt, allgemeinarzt, flu, fever, check-up"),
    _specialty("cardiology", "Cardiology", "cardiologist",
               "heart, heart doctor, kardiologe, kardiologie, herz, blood pressure"),
    _specialty("dermatology", "Dermatology", "dermatologist",
               "skin, skin doctor, hautarzt, haut, rash, mole, acne, eczema"),
    _specialty("paediatrics", "Paediatrics", "paediatrician",
               "pediatrician, pediatrics, children, child, kids, baby, kinderarzt, children's doctor"),
    _specialty("gynaecology", "Gynaecology", "gynaecologist",
               "gynecologist, gynecology, women's doctor, women's health, frauenarzt, gyn, obgyn, pregnancy"),
    _specialty("orthopaedics", "Orthopaedics", "orthopaedist",
               "orthopedist, orthopedics, orthopaedic surgeon, bones, bone, knee, back pain, joints, orthopäde"),
    _specialty("neurology", "Neurology", "neurologist", "nerves, brain, migraine, headache, neurologe"),
    _specialty("psychiatry", "Psychiatry", "psychiatrist", "psychiater, mental health"),
    _specialty("psychotherapy", "Psychotherapy", "psychotherapist",
               "psychologist, therapist, therapy, psychotherapeut, counselling"),
    _specialty("ophthalmology", "Ophthalmology", "ophthalmologist", "eye, eyes, eye doctor, augenarzt, vision"),
    _specialty("ent", "Ear, nose and throat", "ENT doctor",
               "ear nose and throat, ears, ear, nose, throat, hno, otolaryngologist, hno-arzt"),
    _specialty("dentistry", "Dentistry", "dentist", "teeth, tooth, toothache, zahnarzt, dental"),
    _specialty("urology", "Urology", "urologist", "urologe, bladder, kidney stones, prostate"),
    _specialty("gastroenterology", "Gastroenterology", "gastroenterologist",
               "stomach, gut, bowel, digestion, gastroenterologe, liver"),
    _specialty("endocrinology", "Endocrinology", "endocrinologist", "hormones, thyroid, diabetes, diabetologist"),
    _specialty("pulmonology", "Pulmonology", "pulmonologist",
               "lungs, lung, lung doctor, asthma, breathing, lungenarzt"),
    _specialty("allergology", "Allergology", "allergologist", "allergy, allergies, hay fever, allergist"),
    _specialty("oncology", "Oncology", "oncologist", "cancer, tumour, tumor, onkologe"),
    _specialty("rheumatology", "Rheumatology", "rheumatologist", "rheumatism, arthritis, rheumatologe"),
    _specialty("physiotherapy", "Physiotherapy", "physiotherapist", "physio, physical therapist, physical therapy"),
)  # fmt: skip
SPECIALTIES = {specialty.code: specialty for specialty in _ALL}


def folded(text: str) -> str:
    """Return a text as it is compared: no case, no accents, only letters, digits and single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^\w\s]", " ", "".join(c for c in plain if not unicodedata.combining(c))).split())


def _spellings(specialty: Specialty) -> set[str]:
    whole = {folded(word) for word in (specialty.label, specialty.profession, specialty.code, *specialty.words)}
    return whole | {f"{word}s" for word in whole if not word.endswith("s")}


_WORDS = {word: specialty.code for specialty in _ALL for word in _spellings(specialty)}
_CLOSE = 86.0


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What specialties are called in a language, and in English."""

    codes: dict[str, str]
    """By what is said, folded."""
    longest: int
    """Of how many words the longest is."""
    long_words: list[str]
    """What may be misspelt."""


@cache
def _vocabulary(tag: str) -> _Vocabulary:
    codes = dict(_WORDS)
    with speaking(tag):
        for each in _ALL:
            for word in (_(each.label), *heard(", ".join(each.words), tag)):
                codes.setdefault(folded(word), each.code)
    return _Vocabulary(codes, max(len(word.split()) for word in codes), [word for word in codes if len(word) >= _LONG])


@dataclass(frozen=True, slots=True)
class FoundSpecialty:
    """A specialty, and the words of the text that named it (folded)."""

    code: str
    words: str


def specialty_in(text: str) -> FoundSpecialty | None:
    """Find the specialty that a text names in the language that is spoken, or in English, the longest name first.

    A long word may be misspelt, a short one not: everyday words are too near to others ("gut", "eye") to be guessed at.
    """
    known, words = _vocabulary(language()), folded(text).split()
    for count in range(min(known.longest, len(words)), 0, -1):
        for at in range(len(words) - count + 1):
            run = " ".join(words[at : at + count])
            if run in known.codes:
                return FoundSpecialty(known.codes[run], run)
    for word in words:
        if len(word) < _LONG:
            continue
        close = process.extractOne(word, known.long_words, scorer=fuzz.ratio, score_cutoff=_CLOSE)
        if close:
            return FoundSpecialty(known.codes[close[0]], word)
    return None


def specialty_of(text: str) -> str | None:
    """Return the code of the specialty that a text names, or None."""
    found = specialty_in(text)
    return found.code if found else None


def label_of(code: str) -> str:
    """Return a specialty's name for people; a code that is no longer listed stands for itself."""
    return _(SPECIALTIES[code].label) if code in SPECIALTIES else code
