"""What German, French, Spanish, Malay and Arabic say of taking a medicine, in English: whole sentences alone. Pure.

In English, words beside those that are understood may stand as long as they are none that raise a doubt
(records.prescriptions.dosage). Which words do is known of English alone, so in another language a sentence counts only
where each of its words is one of these: "1 Tablette 3-mal täglich nach dem Essen für 7 Tage", and no word more.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from records.prescriptions import dosage_arabic


@dataclass(frozen=True)
class _Tongue:
    """Words of one language, without accents, each with the English one. Two or more are told apart by `|`."""

    numbers: Mapping[str, str]
    units: Mapping[str, str]
    times: str
    """Between a number and a time: times, mal, fois."""
    per: Mapping[str, str]
    """In which time so often."""
    every: str
    """Before a number and a span."""
    spans: Mapping[str, str]
    daily: str
    up_to: str
    lasts: str
    """Before a number and a span for how long."""
    needed: str
    beside: str
    """What may be said besides and changes nothing of it: before, with or after meals, with water."""
    take: str
    spelt: Callable[[str], str] = str
    """Brings what was said to the forms of these words."""


_MEALS_DE = (
    "(?:vor|zu|mit|nach) (?:dem|den|einer|jeder) (?:essen|mahlzeit(?:en)?)|zum essen|mit (?:etwas |viel )?wasser"
)
_MEALS_FR = "(?:avant|pendant|apres) (?:les|le|chaque) repas|au cours des repas|avec de l'eau"
_MEALS_ES = "(?:antes de|con|despues de) (?:las comidas|la comida|cada comida|comer)|con agua"
_MEALS_MS = "(?:sebelum|semasa|selepas) makan|dengan (?:air|makanan)"
_MEALS_AR = "(?:قبل|بعد|مع|اثناء) (?:الاكل|الطعام|الوجبات|كل وجبه)|مع (?:الماء|كوب ماء|كوب من الماء)"

_TONGUES = (
    _Tongue(
        numbers={"ein|eine|einen|einer": "1", "zwei": "2", "drei": "3", "vier": "4", "funf": "5", "sechs": "6"},
        units={
            "tabletten?": "tablet", "kapseln?": "capsule", "tropfen": "drop", "hub|hube": "puff", "ml": "ml",
            "beutel": "sachet", "zapfchen": "suppository", "pflaster": "patch",
        },
        times="[- ]?(?:x|mal)",
        per={
            "taglich|am tag|pro tag": "day", "wochentlich|pro woche|in der woche": "week",
            "monatlich|pro monat|im monat": "month",
        },
        every="alle",
        spans={"stunden?": "hour", "tagen?|tage": "day", "wochen?": "week", "monate?n?": "month"},
        daily="taglich|jeden tag",
        up_to="bis zu",
        lasts="(?:fur|uber)",
        needed="bei bedarf",
        beside=_MEALS_DE,
        take="(?:nehmen sie |man nehme )",
    ),
    _Tongue(
        numbers={"un|une": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "six": "6"},
        units={
            "comprimes?": "tablet", "gelules?|capsules?": "capsule", "gouttes?": "drop", "bouffees?": "puff",
            "ml": "ml", "sachets?": "sachet", "suppositoires?": "suppository", "patchs?": "patch",
        },
        times=" fois",
        per={"par jour": "day", "par semaine": "week", "par mois": "month"},
        every="tou(?:te)?s les",
        spans={"heures?": "hour", "jours?": "day", "semaines?": "week", "mois": "month"},
        daily="tous les jours|chaque jour",
        up_to="jusqu'a",
        lasts="(?:pendant|durant)",
        needed="(?:au|si) besoin|en cas de besoin",
        beside=_MEALS_FR,
        take="(?:prendre |prenez )",
    ),
    _Tongue(
        numbers={"un|una|uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6"},
        units={
            "comprimidos?|tabletas?|pastillas?": "tablet", "capsulas?": "capsule", "gotas?": "drop",
            "inhalacion(?:es)?": "puff", "ml": "ml", "sobres?": "sachet", "supositorios?": "suppository",
            "parches?": "patch",
        },
        times=" ve(?:z|ces)",
        per={"al dia|por dia": "day", "a la semana|por semana": "week", "al mes|por mes": "month"},
        every="cada",
        spans={"horas?": "hour", "dias?": "day", "semanas?": "week", "mes(?:es)?": "month"},
        daily="diariamente|cada dia|todos los dias",
        up_to="hasta",
        lasts="(?:durante|por)",
        needed="si es necesario|segun necesidad|si lo necesita",
        beside=_MEALS_ES,
        take="(?:tomar |tome )",
    ),
    _Tongue(
        numbers={"satu": "1", "dua": "2", "tiga": "3", "empat": "4", "lima": "5", "enam": "6"},
        units={
            "(?:biji )?(?:tablet|pil)": "tablet", "(?:biji )?kapsul": "capsule", "titis": "drop", "sedutan": "puff",
            "ml": "ml", "paket": "sachet",
        },
        times=" kali",
        per={"sehari": "day", "seminggu": "week", "sebulan": "month"},
        every="setiap",
        spans={"jam": "hour", "hari": "day", "minggu": "week", "bulan": "month"},
        daily="setiap hari",
        up_to="sehingga",
        lasts="selama",
        needed="(?:jika|bila) perlu",
        beside=_MEALS_MS,
        take="(?:ambil |makan )",
    ),
    _Tongue(
        numbers=dosage_arabic.NUMBERS,
        units={
            "قرص": "tablet", "كبسوله": "capsule", "قطره|نقطه": "drop", "بخه": "puff", "مل": "ml", "كيس": "sachet",
            "تحميله": "suppository", "لصقه": "patch",
            "حبه": "pill",  # a tablet or a capsule: no unit of a dose
        },
        times=" مره",
        per={
            "يوميا|(?:في ال|بال)يوم|كل 1 يوم": "day", "اسبوعيا|(?:في ال|بال)اسبوع|كل 1 اسبوع": "week",
            "شهريا|(?:في ال|بال)شهر|كل 1 شهر": "month",
        },
        every="(?:1 مره )?كل",
        spans={"ساعه": "hour", "يوم": "day", "اسبوع": "week", "شهر": "month"},
        daily="يوميا",
        up_to="حتي",
        lasts="لمده",
        needed="(?:عند|حسب) (?:الحاجه|اللزوم)",
        beside=_MEALS_AR,
        take="(?:[يت]وخذ |يتناول |تناولي? |خذي? )",
        spelt=dosage_arabic.counted,
    ),
)  # fmt: skip


def in_english(said: str) -> str:
    """The same in English, small letters, without what changes nothing; empty unless all of it is understood."""
    letters = unicodedata.normalize("NFD", said)
    # Without accents, and without the marks that turn the direction of writing.
    plain = "".join(each for each in letters if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")
    plain = plain.replace("’", "'")
    for tongue, whole in _WHOLE:
        found = whole.fullmatch(tongue.spelt(plain))
        if found and not (found["n"] and found["after"]):
            return _said(tongue, found)
    return ""


def _said(tongue: _Tongue, found: re.Match[str]) -> str:
    def number(name: str) -> str:
        return _of(tongue.numbers, found[name]) or found[name]

    amount, unit = ("n", "unit") if found["n"] else ("after", "unit_after")
    parts = []
    if found[amount]:
        parts.append(f"{number(amount)} {_of(tongue.units, found[unit])}")
    if found["times"]:
        up_to = "up to " if found["upto"] else ""
        parts.append(f"{up_to}{number('times')} times a {_of(tongue.per, found['per'])}")
    elif found["every"]:
        parts.append(f"every {number('every')} {_of(tongue.spans, found['span'])}s")
    else:
        parts.append("daily")
    if found["long"]:
        parts.append(f"for {number('long')} {_of(tongue.spans, found['length'])}s")
    if found["needed"]:
        parts.append("as needed")
    return " ".join(parts)


def _of(words: Mapping[str, str], said: str) -> str:
    return next((english for word, english in words.items() if re.fullmatch(word, said)), "")


def _any(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


def _whole(tongue: _Tongue) -> re.Pattern[str]:
    number, unit, span = rf"(?:\d{{1,2}}|{_any(tongue.numbers)})", _any(tongue.units), _any(tongue.spans)
    beside = rf"(?:,? (?:{tongue.beside}))?"
    often = (
        rf"(?:(?P<upto>{tongue.up_to}) )?(?P<times>{number}){tongue.times} (?P<per>{_any(tongue.per)})"
        rf"|(?:{tongue.every}) (?P<every>{number}) (?P<span>{span})|(?:{tongue.daily})"
    )
    return re.compile(
        rf"{tongue.take}?(?:(?P<n>\d{{1,3}}|{number}) (?P<unit>{unit}){beside},? )?(?:{often})"
        rf"(?:,? (?P<after>\d{{1,3}}|{number}) (?P<unit_after>{unit}))?{beside}"
        rf"(?:,? {tongue.lasts} (?P<long>\d{{1,3}}|{number}) (?P<length>{span}))?{beside}"
        rf"(?:,? (?P<needed>{tongue.needed}))?"
    )


_WHOLE = [(tongue, _whole(tongue)) for tongue in _TONGUES]
