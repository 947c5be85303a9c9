"""Answers to a question: a number, "the last one", yes and no, more, earlier, another day, back, stop."""

import re
from dataclasses import dataclass
from typing import Literal

from appservice.conversation.understanding.numbers import NUMBERS, ORDINALS
from appservice.conversation.understanding.text import folded, plain
from core.errors import BadInputError

Word = Literal["yes", "no", "more", "earlier", "later", "another day", "wait", "back", "stop", "sign", "book"]

_WORDS: dict[Word, str] = {
    "yes": "yes|y|yep|yeah|yea|yup|sure|ok|okay|okey|do it|go ahead|confirm|correct|right|please do|of course|absolutely"
    "|ja|jawohl|klar|oui|d'accord|sí|si|claro|ya|boleh|نعم|👍|✅|✔|☑|👌|💯"
    "|gerne|ok oui|vale|أجل|موافق",
    "no": "no|n|nope|nah|no thanks|no thank you|don't|do not|keep it|leave it|never mind|nevermind|wrong"
    "|nein|nee|non|tidak|لا|👎|❌|✖|🚫|⛔"
    "|nicht|pas ça|jangan|كلا|no wait|wait no|oh no|not yet|not now|better not|lieber nicht|doch nicht|warte nein",
    "more": "more|show more|next|next page|others?|any others?|something else|mehr|weitere|plus|más|lagi|➕|➡|⏭|▶"
    "|weiter|encore|suivant|mas|siguiente|lebih|seterusnya|المزيد|التالي",
    "earlier": "earlier|previous|prev|anything earlier|something earlier|before that|früher|plus tôt|⬅|◀|⏮"
    "|vorher|avant|antes|más temprano|lebih awal|awal|sebelumnya|أبكر|قبل ذلك",
    "later": "later|anything later|something later|after that|später|plus tard"
    "|más tarde|después|lebih lewat|kemudian|لاحقا|بعد ذلك",
    "another day": "another day|other days?|different day|next day|the next day|some other day|any other day"
    "|anderer tag|ein anderer tag|otro día|📅|🗓"
    "|autre jour|un autre jour|otro dia|hari lain|يوم آخر",
    "wait": "wait|wait for it|i'll wait|waiting list|notify me|let me know|tell me|warten|warteliste|⏳|🔔"
    "|attendre|liste d'attente|esperar|lista de espera|tunggu|senarai menunggu|انتظار|قائمة الانتظار",
    "back": "back|go back|undo|zurück|retour|↩|🔙|atrás|volver|kembali|رجوع|عودة",
    "stop": "stop|cancel that|abort|quit|exit|forget it|forget that|abbrechen|halt|⏹|🛑"
    "|arrêter|annuler|parar|detener|berhenti|batal|توقف|إيقاف",
    "book": "book it|book this|book that|book that one|take it|i'll take it|i take it|reserve it|i want it|yes book it"
    "|nehme ich|das nehme ich|ich nehme es|buchen|ja buchen|je le prends|je prends|réserver|lo tomo|lo quiero|reservar"
    "|tempah|saya ambil|احجز|احجزه|أريده",
    "sign": "sign|sign it|signed|confirm and sign|unterschreiben|✍|🖊|signer|firmar|tandatangan|توقيع|وقع",
}
_MEANINGS = {
    spelling: word for word, spellings in _WORDS.items() for spelling in spellings.replace("s?", "").split("|")
}
_MEANINGS |= {"others": "more", "any others": "more", "other days": "another day"}
_NUMBER = re.compile(
    r"^(?:(?:i(?:'ll| will)? (?:take|want|choose|pick)|book|take|choose|pick|give me|show(?: me)?|the|option|number|no\.?|nr\.?|#|slot|time|list) ?)*"
    r"(?P<number>\d+|[^\W_]+)\.?\)?(?: (?:one|please|option))*$",
    re.IGNORECASE,
)
_LONGEST = 3
_AND = frozenset({"", "and", "und", "et", "y", "dan", "و"})
_ARTICLES = frozenset("der die das den le la el".split())
_LAST = frozenset(
    map(folded, "last letzte letzter letztes letzten dernier derniere ultimo ultima terakhir الأخير الأخيرة".split())
)
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")


@dataclass(frozen=True, slots=True)
class Pick:
    """The place in a list: 1 is the first, -1 the last."""

    number: int


def read_word(text: str) -> Word | None:
    """Return which of the fixed answers a whole text is, or None."""
    bare = _SKIN.sub("", plain(text, 60).casefold()).strip(" .!,?")
    bare = re.sub(r"(?:,? (?:please|thanks|thank you))$|^(?:please|oh|well),? ", "", bare)
    return _MEANINGS.get(bare)


def read_pick(text: str) -> Pick | None:
    """Return which place of a list a whole text names ("2", "#2", "the second one", "last"), or None."""
    bare = plain(text, 60).casefold().strip(" .!?").removesuffix(" please").rstrip(",")
    article, _, alone = bare.partition(" ")
    if article in _ARTICLES and not alone.isdecimal():  # “le 2” is a day
        bare = alone
    match = _NUMBER.match(bare)
    if not match:
        return None
    word = match["number"]
    if word.isdecimal():
        return Pick(int(word)) if len(word) <= _LONGEST else None
    if folded(word) in _LAST:
        return Pick(-1)
    if folded(word) in ORDINALS:
        return Pick(ORDINALS[folded(word)])
    if word in NUMBERS and word not in {"a", "an"}:
        return Pick(NUMBERS[word])
    return None


def several(text: str, count: int) -> bool:
    """Whether a whole text names more than one place of a list of `count`: "1, 2", "1 and 3"."""
    numbers = [each for each in re.split(r"[\s,;+&/،]+", plain(text, 60)) if each not in _AND]
    return len(numbers) > 1 and all(each.isdecimal() and 1 <= int(each) <= count for each in numbers)


def chosen(pick: Pick, count: int) -> int:
    """Return the index (from 0) in a list of `count`. Raises BadInputError when there is no such place."""
    if pick.number == -1 and count:
        return count - 1
    if 1 <= pick.number <= count:
        return pick.number - 1
    if count == 1:
        raise BadInputError("There is only one choice. Answer 1 to take it.")
    raise BadInputError("There are {count} choices. Answer with a number from 1 to {count}.", count=count)
