"""What kind of visit a sentence asks for: "female cardiologist near Berlin tomorrow after 5pm under 60, in English"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, TypeVar

from appservice.conversation.understanding.clock import PARTS, Hours, read_hours
from appservice.conversation.understanding.days import OR, Days, read_days
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.languages import read_language
from appservice.conversation.understanding.leaving_out import Without, read_left_out
from appservice.conversation.understanding.numbers import NUMBERS
from appservice.conversation.understanding.prices import (
    Price,
    country_of_zone,
    currency_of_country,
    read_prices,
)
from appservice.conversation.understanding.text import Reading, folded
from appservice.conversation.understanding.whereabouts import (
    read_place,
    read_place_anywhere,
    read_radius,
    read_shared,
)
from booking.directory.model import Mode, Patients
from booking.directory.places import Place
from booking.directory.reasons import reason_in
from booking.directory.specialties import specialty_in
from core.money import Money

_T = TypeVar("_T")
Sort = Literal["soonest", "nearest", "cheapest"]

_SORTS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    (
        "cheapest",
        re.compile(
            r"\b(?:(?:sort(?:ed)? )?by price|cheap(?:est|er|ly)?(?: first)?|lowest price|(?:less|too) expensive|affordable|inexpensive|billig(?:st)?\w*)\b",
            re.I,
        ),
    ),
    (
        "nearest",
        re.compile(r"\b(?:(?:sort(?:ed)? )?by distance|nearest|closest|next to me)(?: to(?: me)?)?\b(?: first)?", re.I),
    ),
    (
        "soonest",
        re.compile(
            r"\b(?:(?:sort(?:ed)? )?by time|soonest|as soon as possible|asap|urgent(?:ly)?|next available|first available|earliest(?: possible)?"
            r"|right away|immediately|(?<!from )now|schnellst\w*|dringend)\b(?: first)?",
            re.I,
        ),
    ),
)
_MODES: tuple[tuple[Mode, re.Pattern[str]], ...] = (
    (
        Mode.IN_PERSON,
        re.compile(
            r"\b(?:in[- ]person|on[- ]?site|face[- ]to[- ]face|at the practice|in the practice|offline|vor ort)\b", re.I
        ),
    ),
    (
        Mode.ONLINE,
        re.compile(
            r"\b(?:online|(?:by |via |over )?video(?: ?(?:call|chat|consultation))?|remote(?:ly)?|tele(?:health|medicine|visit)|virtual(?:ly)?|from home)\b",
            re.I,
        ),
    ),
)
_GENDERS: tuple[tuple[Literal["female", "male"], re.Pattern[str]], ...] = (
    ("female", re.compile(r"\b(?:female|wom[ae]n|lady|ärztin)(?!['\w])(?: (?=doctor))?", re.I)),
    ("male", re.compile(r"\b(?:male|m[ae]n|gentleman)(?!['\w])(?: (?=doctor))?", re.I)),
)
_PATIENTS: tuple[tuple[Patients, re.Pattern[str]], ...] = (
    (
        Patients.NEW,
        re.compile(
            r"\b(?:(?:accept|tak)(?:s|es|ing) new patients?|(?:as )?(?:a |i am a |i'm a )?new patient|(?:my )?first visit"
            r"|(?:for the )?first time|never been there|neupatient(?:in)?)\b",
            re.I,
        ),
    ),
    (
        Patients.KNOWN,
        re.compile(
            r"\b(?:follow[- ]?ups?|(?:as )?(?:a |an )?(?:known|existing|returning) patient|my (?:own|usual) doctor"
            r"|(?:whom|that) i know|been there before)\b",
            re.I,
        ),
    ),
)
_ACCESSIBLE = re.compile(
    r"\b(?:(?:with |by |in a |in my )?wheelchair(?:[- ](?:accessible|access|friendly))?|accessible|step[- ]free"
    r"|barrier[- ]free|barrierefrei|rollstuhl\w*)\b",
    re.I,
)
_INSURANCE = (
    re.compile(
        r"\b(?:(?:who |that |which )?(?:accept|tak)(?:s|es|ing)?|insured (?:with|by|at)|(?:my )?insurance(?: is|:)?"
        r"|versichert bei) (?:the )?(?P<name>[^\W\d_][\w&+-]{1,30})(?: insurance)?\b",
        re.I,
    ),
    re.compile(r"\b(?:with |on )?(?P<name>[^\W\d_][\w&+-]{1,30})[ -](?:insurance|insured|versichert)\b", re.I),
)
_ANY_INSURANCE = frozenset("health medical my travel your any has have with without by accepts takes this that".split())
_KIN = re.compile(
    r"\b(?:for|für) (?:my |our |meine[nr]? )?(?P<kin>daughter|son|child|kid|baby|wife|husband|partner|spouse|mother|mum|mom"
    r"|father|dad|grandmother|grandma|grandfather|grandpa|parent|tochter|sohn|kind|frau|mann|mutter|vater)\b",
    re.I,
)
_DOCTOR = re.compile(r"\b(?:with |by |see )?(?:dr|prof|doc)\b\.? ?(?P<name>[^\W\d][\w'-]*(?: [^\W\d][\w'-]+)?)", re.I)
_CENTRE = re.compile(
    r"\b(?:at|in) (?:the )?(?P<name>(?:[\w'&-]+ ){1,4}?(?:clinic|cent(?:re|er)|hospital|practice|praxis|klinikum))\b",
    re.I,
)
_FOR_IN_ARABIC = r"(?<!\w)ل(?:ـ|\s)?"
_SOMEBODY = re.compile(
    r"(?:(?<!look )(?<!looking )(?<!search )(?<!searching )\b(?:for|für|pour|para|untuk|bagi) (?:my )?|(?<!\w)لـ ?)"
    r"(?P<name>[^\W\d_][\w'-]*)",
    re.I,
)
_NOBODY = frozenset(
    "adult adults anyone babies boys check checkup child children everyone everybody exam examination families girls kids"
    " less men more myself new old oneself patients people pain seniors surgery teenagers treatment us women work x-ray"
    " mich mir uns kinder erwachsene frauen männer moi nous enfants adultes femmes hommes mi nosotros ninos adultos"
    " mujeres hombres saya kami aku kanak-kanak dewasa wanita lelaki"
    " ankle arm arms back belly body bowel breast chest ear ears eye eyes face feet finger foot hair hand hands head"
    " health heart hip joints kidney kidneys knee knees leg legs liver lung lungs mouth nails neck nerves nose shoulder"
    " skin spine stomach teeth throat toe tooth wrist"
    " arm auge augen bauch bein beine brust fuß füße gesundheit hand haut herz hüfte knie kopf leber lunge magen nacken"
    " nase niere nieren ohr ohren rücken schulter zahn zähne"
    " bouche bras cœur cou dents dos genou gorge jambe main oreille peau pied santé tête ventre yeux"
    " boca brazo cabeza corazón cuello dientes espalda estómago garganta mano oído ojo ojos piel pierna pie rodilla salud"
    " badan gigi hidung jantung kaki kepala kesihatan kulit lutut mata perut tangan telinga tekak".split()
)
"""What is no name of somebody behind "for"."""
FILLERS = frozenset(
    "a able about afternoon again all am an and any anybody anyone anything appointment appointments are around as at"
    " available be best book booking by call can centre clinic consult consultation could days do doctor doctors"
    " drs est find first for free from get give go good have hello help hey hi how i i'd i'm i'll in is it like list"
    " long look looking make me medic medical month my near nearby need no of ok okay on one open or our per person"
    " physician physicians please practice problem problems quick schedule search see session show slot slots some"
    " somebody someone something specialist specialists speaking that the then there these this time times to too try"
    " up us visit visits want was we week what when where which who will with would you your"
    " actually also but feel feeling had has having instead it's its just maybe only perhaps rather really that's very"
    " bitte ein eine einen einem einer es gern gerne gibt habe haben hallo hat hatte ich jemand mein meine meinen mochte"
    " auch auf hier kann leider machen mir muss noch sie warten wann was wer wie wo zahlen"
    " nur brauche suche arzt arzte ärzte termin beim bei mit für fur und der die das doktor"
    " combien est mes mon ou quand que qui vous"
    " avec bonjour de des docteur du et j'ai la le les quelqu'un seulement un une veux voudrais"
    " cuando cuanto donde gracias hablar que semana tardes"
    " alguien con doctor el hay hola quiero tengo una y"
    " alamat orang segera sekarang selamat tolong tunggu"
    " اريد احتاج اين كم متى من هل"
    " ada bercakap dan dengan hai lebih saya sesiapa yang".split()
)
_NO_NAMES = FILLERS | {folded(word) for word in _NOBODY} | NUMBERS.keys()
_WEIGHTY = re.compile(
    rf"\d|\b(?:not|except|without|unless|instead|before|after|until|between|dr|{'|'.join(PARTS)}) \w|\b(?:{OR}) \w",
    re.IGNORECASE,
)
"""Who says these words and finds nothing of them in the answer is misled."""
_SINCE = re.compile(
    r"\b(?:for|since|seit|depuis|desde hace|hace|selama|sejak|منذ)(?: \w+)? \d+ \w+|\b\d+[ -](?:years?|months?|weeks?)[ -]old\b",
    re.IGNORECASE,
)
"""How long something has been: no part of a wish."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a wish. None: nothing was said about it."""

    specialty: str | None = None
    place: Place | None = None
    radius_km: float | None = None
    max_price: Money | None = None
    min_price: Money | None = None
    reason: str | None = None
    """A code of booking.directory.reasons."""
    insurance: str | None = None
    accessible: bool | None = None
    patients: Patients | None = None
    here: bool | None = None
    """Whether the place is where the person said they are, by sharing it."""
    language: str | None = None
    mode: Mode | None = None
    gender: Literal["female", "male"] | None = None
    days: Days | None = None
    hours: Hours | None = None
    without: Without | None = None
    """Days that it must not be."""
    sort: Sort | None = None
    name: str | None = None
    """Words that may name a doctor or a centre."""
    patient: str | None = None
    """For whom, if not for oneself: the name of one of the family, or what they are ("daughter")."""
    stranger: str | None = None
    """For whom it may be, though the family has nobody who is called so: "Ben" or "implants" in "dentist for ..."."""
    rest: str = ""
    """Words that nobody understood; they may be a name."""
    unread: str = ""
    """What of them says more of the wish than that: a day, a number, a "not"."""

    @property
    def empty(self) -> bool:
        """Whether nothing at all was understood."""
        return all(
            getattr(self, field.name) is None
            for field in fields(self)
            if field.name not in {"rest", "unread", "stranger"}
        )

    @property
    def whom(self) -> bool:
        """Whether it says what kind of doctor, or which."""
        return bool(self.specialty or self.name or self.reason)

    def refined(self, newer: "Wanted") -> "Wanted":
        """Return this wish with what a later sentence says instead or besides."""
        known = {f.name: getattr(newer, f.name) for f in fields(newer) if f.name not in {"rest", "unread"}}
        said = {name: value for name, value in known.items() if value is not None}
        if newer.specialty and not newer.reason:
            said["reason"] = None  # another kind of doctor is for something else
        if newer.without and self.days and self.days.single and self.days.single in newer.without:
            said.setdefault("days", None)
        wanted_after_all = newer.days and newer.days.single
        if self.without and wanted_after_all and wanted_after_all in self.without:
            said["without"] = newer.without
        elif self.without and newer.without:
            said["without"] = self.without | newer.without
        return replace(self, **said, rest=newer.rest, unread=newer.unread)


@dataclass(frozen=True, slots=True)
class Speaker:
    """What has to be known of a person to understand them."""

    today: date
    timezone: str
    language: str = "en"
    family: Sequence[str] = ()
    here: Place | None = None
    """Where they said they are."""

    @property
    def month_first(self) -> bool:
        """Whether 11/24 is November: in the English (or Spanish) of the United States, by language or by zone."""
        return self.language.endswith("-US") or (self.language == "en" and country_of_zone(self.timezone) == "US")


def read_wish(text: str, speaker: Speaker) -> Wanted:
    """Understand a sentence. Raises BadInputError for days, times and prices that cannot be, and unknown places."""
    text = in_english(text, speaker.language)
    reading = Reading(text)
    shared = read_shared(reading)
    lowest, highest = read_prices(reading)
    left_out = read_left_out(reading, speaker.today, speaker.language)
    sort = _first(reading, _SORTS)
    radius = read_radius(reading)
    patient = _take_named(reading, speaker.family)  # before a month: some are called May
    days = left_out.among or read_days(reading, speaker.today, speaker.language, month_first=speaker.month_first)
    hours = read_hours(reading) or left_out.hours
    if re.search(r"\b(?:tonight|this evening)\b", text, re.I) and hours is None:
        hours = read_hours(Reading("evening"))
    elif part := re.search(r"\bthis (?P<part>morning|afternoon)\b", text, re.I):
        hours = hours or read_hours(Reading(part["part"]))
    mode = _first(reading, _MODES) or left_out.mode
    patients = _first(reading, _PATIENTS)
    accessible = reading.take(_ACCESSIBLE)
    insurance = _take_insurance(reading)
    centre = reading.take(_CENTRE)
    reason = _take_reason(reading)
    specialty = _take_specialty(reading)
    gender = _first(reading, _GENDERS) or left_out.gender
    language = read_language(reading)
    patient = patient or _take_kin(reading)
    doctor = _take_doctor(reading)
    place = shared or read_place(reading, speaker.here) or read_place_anywhere(reading, FILLERS)
    return Wanted(
        specialty=specialty,
        place=place,
        radius_km=radius,
        max_price=_money(highest, place, speaker),
        min_price=_money(lowest, place, speaker),
        reason=reason,
        insurance=insurance,
        accessible=True if accessible else None,
        patients=patients,
        here=True if shared else None,
        language=language,
        mode=mode,
        gender=gender,
        days=days,
        hours=hours,
        without=left_out.without,
        sort=sort,
        name=doctor or (centre["name"] if centre else None),
        patient=patient,
        stranger=None if patient else _stranger(reading),
        rest=" ".join(word for word in reading.words() if folded(word).strip(".'\"") not in FILLERS)[:100],
        unread=left_out.vain or _unread(reading),
    )


def _unread(reading: Reading) -> str:
    """The first piece of what nobody has taken that says more of the wish than its words alone: no chat, no name."""
    pieces = (piece.strip(" .,;:!?-") for piece in _SINCE.sub(" ", reading.rest).split(Reading.GAP.strip()))
    return next((piece[:60] for piece in pieces if _WEIGHTY.search(piece) and len(piece) > 1), "")


def _first(reading: Reading, choices: Sequence[tuple[_T, re.Pattern[str]]]) -> _T | None:
    for meaning, pattern in choices:
        if reading.take(pattern):
            return meaning
    return None


def _money(price: Price | None, place: Place | None, speaker: Speaker) -> Money | None:
    if price is None:
        return None
    country = place.country if place else country_of_zone(speaker.timezone)
    return price.money(currency_of_country(country) if country else "EUR")


def _take_insurance(reading: Reading) -> str | None:
    for pattern in _INSURANCE:
        for match in pattern.finditer(reading.rest):
            name = match["name"].casefold()
            if name not in FILLERS and name not in _ANY_INSURANCE:
                reading.cut(match.start(), match.end())
                return name
    return None


def _take_reason(reading: Reading) -> str | None:
    found = reason_in(reading.rest)
    return _cut(reading, found.words, found.code) if found else None


def _take_specialty(reading: Reading) -> str | None:
    found = specialty_in(reading.rest)
    return _cut(reading, found.words, found.code) if found else None


def _cut(reading: Reading, words: str, code: str) -> str:
    """Take away what was found."""
    # The words come folded; in the text each may have capitals, accents, and signs between.
    at = list(re.finditer(r"[^\W_]+(?:'s)?", reading.rest))
    wanted = words.split()
    for n in range(len(at)):
        for m in range(n, min(len(at), n + len(wanted) + 1)):
            piece = reading.rest[at[n].start() : at[m].end()]
            if re.sub(r"[^\w]+", " ", folded(piece)).split() == wanted:
                reading.cut(at[n].start(), at[m].end())
                return code
    return code


def _take_named(reading: Reading, family: Sequence[str]) -> str | None:
    for name in family:
        for spelt in (name, name.split()[0]):
            if reading.take(
                re.compile(rf"(?:\b(?:for|für) (?:my \w+ )?|{_FOR_IN_ARABIC}){re.escape(spelt)}(?!\w)", re.I)
            ):
                return name
    return None


def _take_kin(reading: Reading) -> str | None:
    kin = reading.take(_KIN)
    return kin["kin"].lower() if kin else None


def _stranger(reading: Reading) -> str | None:
    named = (match["name"] for match in _SOMEBODY.finditer(reading.rest))
    return next((name[:50] for name in named if folded(name) not in _NO_NAMES), None)


def _take_doctor(reading: Reading) -> str | None:
    match = _DOCTOR.search(reading.rest)
    if not match:
        return None
    first, _, second = match["name"].partition(" ")
    end = match.end()
    if second and folded(second) in FILLERS:
        end -= len(second) + 1
        second = ""
    if folded(first) in FILLERS:
        return None
    reading.cut(match.start(), end)
    return f"{first} {second}".strip()
