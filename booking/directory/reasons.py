"""What people see a doctor for, by the words that they use; and what must not wait for an appointment. Pure."""

import re
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from booking.directory.specialties import folded
from core.languages import _, heard, language, speaking


@dataclass(frozen=True, slots=True)
class Reason:
    """A visit reason. `specialties`: whose it is, first of all the first; `words`: what people say for it."""

    code: str
    label: str
    specialties: tuple[str, ...]
    in_person: bool
    """Whether it needs a visit in person."""
    words: tuple[str, ...]


def _reason(code: str, label: str, specialties: str, words: str, *, in_person: bool = False) -> Reason:
    return Reason(code, label, tuple(specialties.split()), in_person, tuple(word.strip() for word in words.split(",")))


_ALL = (
    _reason("check-up", "Check-up", "general-practice cardiology paediatrics dentistry",
            "check up, checkup, health check, general check, vorsorge", in_person=True),
    _reason("vaccination", "Vaccination", "general-practice paediatrics",
            "vaccine, vaccinate, jab, flu shot, flu jab, shots, impfung, booster", in_person=True),
    _reason("blood-test", "Blood test", "general-practice", "blood tests, blood work, bloodwork, blutbild, blutabnahme",
            in_person=True),
    _reason("prescription", "Repeat prescription", "general-practice",
            "prescription, repeat prescription, refill, medication refill, rezept"),
    _reason("sick-note", "Sick note", "general-practice", "sick leave, certificate, krankschreibung"),
    _reason("cold", "Cold or flu", "general-practice", "a cold, common cold, cough, sore throat, erkältung, grippe"),
    _reason("chest-pain", "Chest pain", "cardiology", "chest hurts, pain in my chest, brustschmerzen"),
    _reason("ecg", "ECG", "cardiology general-practice", "ekg, electrocardiogram, heart tracing", in_person=True),
    _reason("heart-ultrasound", "Heart ultrasound", "cardiology",
            "echo, echocardiogram, echocardiography, heart echo, herzultraschall", in_person=True),
    _reason("palpitations", "Palpitations", "cardiology", "heart racing, irregular heartbeat, herzrasen"),
    _reason("blood-pressure", "Blood pressure", "cardiology general-practice",
            "high blood pressure, hypertension, bluthochdruck"),
    _reason("skin-check", "Skin check", "dermatology",
            "skin cancer check, skin cancer screening, skin screening, mole check, hautkrebsvorsorge", in_person=True),
    _reason("acne", "Acne", "dermatology", "pimples, spots, akne"),
    _reason("rash", "Rash", "dermatology", "skin rash, eczema, itching, ausschlag"),
    _reason("child-check", "Child check-up", "paediatrics", "child checkup, baby check", in_person=True),
    _reason("contraception", "Contraception", "gynaecology", "birth control, the pill, iud, coil, verhütung"),
    _reason("pregnancy", "Pregnancy", "gynaecology", "pregnant, prenatal, antenatal, schwangerschaft"),
    _reason("cervical-screening", "Cervical screening", "gynaecology", "smear, smear test, pap test, pap smear",
            in_person=True),
    _reason("back-pain", "Back pain", "orthopaedics physiotherapy general-practice",
            "backache, sore back, my back hurts, lower back, rückenschmerzen"),
    _reason("knee-pain", "Knee pain", "orthopaedics physiotherapy", "sore knee, my knee hurts, knieschmerzen"),
    _reason("x-ray", "X-ray", "orthopaedics", "xray, röntgen", in_person=True),
    _reason("migraine", "Migraine", "neurology general-practice", "migraines, headaches, kopfschmerzen"),
    _reason("depression", "Low mood", "psychiatry psychotherapy", "depressed, sadness, burnout, depressionen"),
    _reason("anxiety", "Anxiety", "psychotherapy psychiatry", "panic attacks, panic, worry, angst"),
    _reason("eye-test", "Eye test", "ophthalmology", "vision test, sight test, glasses, sehtest", in_person=True),
    _reason("hearing-test", "Hearing test", "ent", "hearing, hörtest", in_person=True),
    _reason("dental-cleaning", "Dental cleaning", "dentistry",
            "teeth cleaning, tooth cleaning, dental hygiene, zahnreinigung", in_person=True),
    _reason("toothache", "Toothache", "dentistry", "tooth pain, zahnschmerzen", in_person=True),
    _reason("prostate-check", "Prostate check", "urology", "prostate exam, psa test", in_person=True),
    _reason("gastroscopy", "Gastroscopy", "gastroenterology", "stomach endoscopy, magenspiegelung", in_person=True),
    _reason("colonoscopy", "Colonoscopy", "gastroenterology", "bowel screening, darmspiegelung", in_person=True),
    _reason("diabetes", "Diabetes", "endocrinology general-practice", "blood sugar, zucker"),
    _reason("lung-function", "Lung function test", "pulmonology", "spirometry, lung test, lungenfunktion",
            in_person=True),
    _reason("allergy-test", "Allergy test", "allergology dermatology", "prick test, allergietest", in_person=True),
)  # fmt: skip
REASONS = {reason.code: reason for reason in _ALL}
_WORDS = {folded(word): reason.code for reason in reversed(_ALL) for word in (reason.code, reason.label, *reason.words)}
_LONG = 7
"""Letters of a word that may be misspelt."""
_CLOSE = 88.0
_EMERGENCY = re.compile(
    r"\b(?:"
    r"(?P<en>chest pain|chest hurts|pain in (?:my|the) chest|heart attack|stroke|cannot breathe|can t breathe"
    r"|cant breathe|struggling to breathe|short(?:ness)? of breath|unconscious|not breathing|passed out"
    r"|severe bleeding|bleeding heavily|heavy bleeding|won t stop bleeding|overdose|poisoned|suicid\w*|kill myself"
    r"|seizure|face (?:is )?drooping|slurred speech|anaphyla\w*"
    r"|(?:want to|wanna) die|(?:don t|do not|no longer) want to (?:live|be alive)|(?:end|take) my (?:own )?life"
    r"|(?:hurt|harm|killing) myself|took (?:too many|so many|all my|all the|a lot of|lots of) (?:pills|tablets))"
    r"|(?P<de>brustschmerz\w*|herzinfarkt|schlaganfall|bewusstlos|atemnot|selbstmord|suizid\w*"
    r"|nicht mehr leben|(?:will|mochte) sterben|mich (?:um|umzu)bringen|(?:das|mein) leben (?:zu )?(?:nehmen|beenden))"
    r"|(?P<fr>douleurs? (?:a |dans |de )?(?:la )?(?:thoracique|poitrine)s?|mal a la poitrine|crise cardiaque|infarctus"
    r"|n arrive (?:pas|plus) a respirer|ne respire (?:pas|plus)|inconsciente?|saigne beaucoup|hemorragie|empoisonne\w*"
    r"|(?:veux|voudrais|envie de) mourir|me tuer|mettre fin a (?:mes jours|ma vie)|en finir avec la vie"
    r"|(?:veux|envie de) plus vivre|plus envie de vivre)"
    r"|(?P<es>dolor(?:es)? (?:en el|de) pecho|infarto|derrame cerebral|ictus|no (?:puedo|puede) respirar|no respira"
    r"|sangra(?:do|ndo)? (?:mucho|grave|abundante)|envenenad\w*|sobredosis|convulsion\w*"
    r"|(?:quiero|quisiera) morir(?:me)?|matarme|quitarme la vida|no quiero (?:seguir )?(?:vivir|viviendo))"
    r"|(?P<ms>sakit dada|serangan jantung|angin ahmar|sukar bernafas|sesak nafas|tidak bernafas|tidak sedar|pengsan"
    r"|pendarahan teruk|keracunan|bunuh diri"
    r"|(?:mahu|nak|ingin|mau) mati|(?:tidak|tak) (?:mahu|nak|ingin) hidup(?: lagi)?)"
    r"|(?P<ar>الم (?:في )?(?:ال)?صدر\w*|الام (?:في )?(?:ال)?صدر|(?:نوب[هة]|ازم[هة]|جلط[هة]) قلبي[هة]"
    r"|ذبح[هة] صدري[هة]|سكت[هة] دماغي[هة]"
    r"|جلط[هة] دماغي[هة]|لا (?:استطيع|يستطيع|تستطيع) التنفس|ضيق (?:في )?(?:ال)?تنفس|فاقد[هة]? الوعي"
    r"|فقد الوعي|نزيف حاد|تسمم|انتحار"
    r"|(?:اريد|اود) ان اموت|اريد الموت|(?:ساقتل|اقتل|قتل) نفسي|لا اريد (?:ان اعيش|العيش|الحيا[هة])"
    r"|انهي حياتي|انهاء حياتي)"
    r")\b"
)
"""By the language that the words are of."""

_CRY = re.compile(
    r"(?:(?:it s|it is|this is|i have|das ist|c est|es|ini) )?(?:an? |ein |une |una )?"
    r"(?:medical |medizinischer |medicale )?"
    r"(?:(?P<en>emergency|ambulance|(?:i need|call|send) an ambulance|112|911|999)|(?P<de>notfall|krankenwagen|notarzt)"
    r"|(?P<fr>urgence)|(?P<es>emergencia|urgencia|ambulancia)|(?P<ms>kecemasan|ambulans)"
    r"|(?P<ar>طواري|حال[هة] طاري[هة]|اسعاف))"
    r"(?: help| now| please| bitte)?"
)
"""The whole of what somebody says: within more words, an emergency may be what a clinic tells of."""


@dataclass(frozen=True, slots=True)
class FoundReason:
    """A reason, and the words of the text that named it (folded)."""

    code: str
    words: str


@cache
def _vocabulary(tag: str) -> tuple[dict[str, str], int, list[str]]:
    """Codes by what is said in a language, or in English; of how many words the longest is; what may be misspelt."""
    codes = dict(_WORDS)
    with speaking(tag):
        for each in _ALL:
            for word in (_(each.label), *heard(", ".join(each.words), tag)):
                codes.setdefault(folded(word), each.code)
    return codes, max(len(word.split()) for word in codes), [word for word in codes if len(word) >= _LONG]


def reason_in(text: str) -> FoundReason | None:
    """Find the reason that a text names in the language that is spoken, or in English; a long word may be misspelt."""
    (codes, longest, long_words), words = _vocabulary(language()), folded(text).split()
    for count in range(min(longest, len(words)), 0, -1):
        for at in range(len(words) - count + 1):
            run = " ".join(words[at : at + count])
            if run in codes:
                return FoundReason(codes[run], run)
    for word in words:
        if len(word) < _LONG:
            continue
        close = process.extractOne(word, long_words, scorer=fuzz.ratio, score_cutoff=_CLOSE)
        if close:
            return FoundReason(codes[close[0]], word)
    return None


def needs_presence(code: str | None) -> bool:
    """Whether a reason cannot be seen to online."""
    return code in REASONS and REASONS[code].in_person


def reason_label(code: str) -> str:
    """Return a reason's name for people; a code that is no longer listed stands for itself."""
    return _(REASONS[code].label) if code in REASONS else code


def emergency_in(text: str) -> str | None:
    """Return the language in which words sound like what must not wait for an appointment, or None.

    It asks for a hint, and decides nothing.
    """
    said = folded(text)
    found = _EMERGENCY.search(said) or _CRY.fullmatch(said)
    return found.lastgroup if found else None
