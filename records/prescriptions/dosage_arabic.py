"""Arabic words for what is counted, with the number before them, as records.prescriptions.dosage_words reads it. Pure.

Arabic says one of a thing by the word alone (قرص), two by an ending (قرصين), three to ten by the plural (3 أقراص) and
more by the singular again (14 يوما). Here each becomes a number and the singular: "قرصين مرتين يوميا" is
"2 قرص 2 مره يوميا". A form that leaves open how many are meant stays as it is, and so no sentence has it.
"""

import re

NUMBERS = {
    "ثلاثه?": "3", "اربعه?": "4", "خمسه?": "5", "سته?": "6", "سبعه?": "7", "ثمان|ثمانيه?": "8", "تسعه?": "9",
    "عشره?": "10", "اثنتي عشره|اثني عشر": "12", "اربعه عشر": "14", "عشرين": "20", "ثلاثين": "30",
}  # fmt: skip
"""Number words as `counted` writes them. One and two are said by the thing's own form."""

_THINGS = {  # the singular: what stands for two of it, and for more
    "قرص": ("قرصين قرصان", "اقراص قرصا"),
    "حبه": ("حبتين حبتان", "حبات حبوب"),
    "كبسوله": ("كبسولتين كبسولتان", "كبسولات"),
    "قطره": ("قطرتين قطرتان", "قطرات"),
    "نقطه": ("نقطتين نقطتان", "نقط نقاط"),
    "بخه": ("بختين بختان", "بخات"),
    "مل": ("", "ملل مليلتر ملليلتر"),
    "كيس": ("كيسين كيسان", "اكياس كيسا"),
    "تحميله": ("تحميلتين تحميلتان", "تحاميل"),
    "لصقه": ("لصقتين لصقتان", "لصقات"),
    "مره": ("مرتين مرتان", "مرات"),
    "ساعه": ("ساعتين ساعتان", "ساعات"),
    "يوم": ("يومين يومان", "ايام يوما"),
    "اسبوع": ("اسبوعين اسبوعان", "اسابيع اسبوعا"),
    "شهر": ("شهرين شهران", "اشهر شهور شهرا"),
}
_FORMS = {
    form: (thing, many)
    for thing, (two, more) in _THINGS.items()
    for many, forms in ((1, thing), (2, two), (3, more))
    for form in forms.split()
}
_DIGITS = {chr(zero + digit): str(digit) for zero in (0x660, 0x6F0) for digit in range(10)}
_PLAIN = str.maketrans({"ة": "ه", "ى": "ي", "،": ",", "\u0640": None, **_DIGITS})
"""Letters that people write for each other as one of both; the stroke that only fills a line left out."""
_STUCK = re.compile("(?<=[0-9])(?=[\u0621-\u064a])")
_COUNTED = re.compile(
    rf"(?<!\S)(?:(?P<number>[0-9]{{1,3}}|{'|'.join(NUMBERS)}) )?(?P<form>{'|'.join(_FORMS)})(?P<one> واحده?)?(?![^\s,])"
)


def counted(said: str) -> str:
    """The same with each thing in the singular and its number before it. `said`: without marks above and below."""
    return _COUNTED.sub(_counted, _STUCK.sub(" ", said.translate(_PLAIN)))


def _counted(found: re.Match[str]) -> str:
    thing, many = _FORMS[found["form"]]
    number, one = found["number"], found["one"]
    if number and many != 2 and not one:
        return f"{number} {thing}"
    if many == 2 and not number and not one:
        return f"2 {thing}"
    if many == 1 and not number:
        return f"1 {thing}"
    return found[0]
