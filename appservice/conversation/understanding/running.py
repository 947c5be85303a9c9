"""What those who run a centre say in sentences of their own, as the command that it is. Pure.

"We are closed on 24.12.", "Dr. Osei ist nächste Woche im Urlaub", "change the hours of dr.osei to mon-fri 9-17". A whole
sentence alone is one: a question, or a wish for a visit, is none. It is shown to who said it before anything is done.
"""

import re
from datetime import date

from appservice.conversation.understanding.days import first_phrase
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.prices import read_max_price
from appservice.conversation.understanding.text import Reading, plain
from core.errors import BadInputError

_TITLES = r"(?:(?:herrn?|frau|mr|mrs|ms|mme|m|señora?|encik|puan)\.? )?(?:dr|prof|doctora?|doktor|docteure?|dokter)"
_DOCTOR = (
    rf"(?:the |der |die |den |dem |le |la |el |du )?(?P<doctor>dr\.[\w.-]*\w|{_TITLES}\b\.? ?[^\W\d][\w'-]*(?: [^\W\d][\w'-]+)??"
    r"|(?:د\.?|الدكتورة?|دكتورة?) ?[^\W\d][\w'-]*)"
)
_DAYS = r"(?P<days>.{2,80}?)"
_HOURS = r"(?P<hours>(?=\D{0,30}\d).{3,200}|closed)"
_PRICE = r"(?P<price>[^\w ]?\d[\d.,]*(?: ?[^\W\d]{1,8}| ?[^\w\s.,]{1,3})?)"
_SERVICE = r'(?:"(?P<service>[^"]{1,120})" (?:of |by |von |de |del |oleh |لدى )?)?'
_SET = r"(?:please )?(?:set|change|raise|lower|increase|reduce|make|put|update)"
_SET_DE = r"(?:bitte )?(?:setz\w*|änder\w*|stell\w*|erhöh\w*|senk\w*)"
_SET_FR = r"(?:met(?:s|tez|tre)|chang\w+|modifi\w+|fix\w+|augment\w+|baiss\w+)"
_SET_ES = r"(?:pon(?:ga|er)?|cambi\w+|fij\w+|sub\w+|baj\w+)"
_SET_MS = r"(?:sila )?(?:tetapkan|tukar(?:kan)?|ubah|naikkan|turunkan)"
_SET_AR = r"(?:اجعل|غير|غيّر|حدد|عدل|ارفع|خفض)"

_CLOSED = "closed days {days}"
_OPEN = "closed days open {days}"
_AWAY = "time off {doctor} {days}"
_WEEK = "hours {doctor} {hours}"
_SHOWN = "hours {doctor}"
_COSTS = "edit service {doctor} {service} price {price}"
_SAID = (
    # English
    (_CLOSED, rf"(?:we|the (?:clinic|practice|cent(?:re|er)|office|surgery))(?: are|'re| is|'ll be| will be| stay\w*| remain\w*)? (?:closed?|shut|not open) {_DAYS}"),
    (_CLOSED, rf"(?:please )?close (?:us|the (?:clinic|practice|cent(?:re|er)|office|surgery)) {_DAYS}"),
    (_OPEN, rf"(?:we|the (?:clinic|practice|cent(?:re|er)|office|surgery))(?: are|'re| is|'ll be| will be)? (?:open (?:again|after all) {_DAYS}|(?:re)?open (?P<also>.+) (?:again|after all))"),
    (_AWAY, rf"{_DOCTOR}(?: is|'s| will be| goes) (?:on (?:holidays?|vacation|leave)|away|off(?: sick)?|out|absent|sick|ill|(?:not (?:in|here|there|working|available))|unavailable) {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} (?:takes {_DAYS} off|(?:does not|doesn't|will not|won't|can't|cannot) (?:work|come(?: in)?) (?P<also>.+))"),
    (_WEEK, rf"{_SET} (?:the )?(?:opening |office |working |consulting )?hours (?:of|for) {_DOCTOR},?:? (?:to |as )?{_HOURS}"),
    (_WEEK, rf"(?:new |the )*(?:opening |office |working |consulting )?hours (?:of|for) {_DOCTOR}:?(?: are| to)? {_HOURS}"),
    (_SHOWN, rf"(?:what are |show(?: me)? |when are )?(?:the )?(?:opening |office |working |consulting )?hours (?:of|for) {_DOCTOR}"),
    (_SHOWN, rf"when does {_DOCTOR} work"),
    (_WEEK, rf"{_SET} {_DOCTOR}(?:'s|s')? (?:opening |office |working |consulting )?hours (?:to |as )?{_HOURS}"),
    (_WEEK, rf"{_DOCTOR} (?:now )?works {_HOURS}"),
    (_WEEK, rf"{_DOCTOR}(?:'s|s') hours are (?:now )?{_HOURS}"),
    (_COSTS, rf"{_SET} (?:the )?(?:price|fee) (?:of|for) {_SERVICE}{_DOCTOR} (?:to|at|=) {_PRICE}"),
    (_COSTS, rf"{_SET} {_DOCTOR}(?:'s|s')? (?:price|fee) (?:to|at|=) {_PRICE}"),
    (_COSTS, rf"{_DOCTOR} (?:now )?costs (?:now )?{_PRICE}"),
    (_COSTS, rf"(?:the )?(?:new )?price (?:of|for) {_SERVICE}{_DOCTOR}(?: is| to|:)?(?: now)? {_PRICE}"),
    # German
    (_CLOSED, rf"(?:wir|die praxis|das zentrum) (?:haben|hat|sind|ist|bleiben|bleibt|machen|macht) {_DAYS} (?:geschlossen|zu)"),
    (_CLOSED, rf"(?:wir|die praxis|das zentrum) (?:haben|hat|sind|ist|bleiben|bleibt) (?:geschlossen|zu) {_DAYS}"),
    (_CLOSED, rf"{_DAYS} (?:haben|sind|bleiben|ist|bleibt|hat) (?:wir|die praxis|das zentrum) (?:geschlossen|zu)"),
    (_CLOSED, rf"wir schließen {_DAYS}"),
    (_OPEN, rf"wir (?:haben|sind|öffnen) {_DAYS} (?:doch|wieder)(?: offen| geöffnet| auf)?"),
    (_AWAY, rf"{_DOCTOR} (?:ist|hat|nimmt) {_DAYS} (?:im |auf )?(?:urlaub|abwesend|nicht (?:da|im haus)|krank|frei|weg|verreist)"),
    (_AWAY, rf"{_DOCTOR} (?:ist|hat|nimmt) (?:im |auf )?(?:urlaub|abwesend|nicht da|krank|frei) {_DAYS}"),
    (_WEEK, rf"{_SET_DE} die (?:sprechzeiten|arbeitszeiten|zeiten|sprechstunden) (?:von|für) {_DOCTOR} auf {_HOURS}"),
    (_AWAY, rf"{_DOCTOR} (?:kommt|arbeitet|kann) {_DAYS} nicht(?: kommen| arbeiten)?"),
    (_WEEK, rf"(?:neue |die )*(?:sprechzeiten|arbeitszeiten|sprechstunden) (?:von|für) {_DOCTOR}:?(?: auf)? {_HOURS}"),
    (_SHOWN, rf"(?:was sind |zeige? (?:mir )?)?(?:die )?(?:sprechzeiten|arbeitszeiten|sprechstunden) (?:von|für) {_DOCTOR}"),
    (_SHOWN, rf"wann arbeitet {_DOCTOR}"),
    (_WEEK, rf"{_DOCTOR} arbeitet (?:jetzt )?{_HOURS}"),
    (_COSTS, rf"{_SET_DE} den preis (?:von|für) {_SERVICE}{_DOCTOR} auf {_PRICE}"),
    (_COSTS, rf"{_DOCTOR} kostet (?:jetzt|künftig|nun|ab sofort) {_PRICE}"),
    (_COSTS, rf"(?:der )?(?:neue )?preis (?:von|für) {_SERVICE}{_DOCTOR}(?: ist| auf|:)?(?: jetzt)? {_PRICE}"),
    # French
    (_CLOSED, rf"(?:nous sommes|nous serons|on est|(?:le cabinet|le centre|la clinique) (?:est|sera)) fermée?s? {_DAYS}"),
    (_CLOSED, rf"(?:nous fermons|on ferme) {_DAYS}"),
    (_OPEN, rf"(?:nous sommes|on est) (?:de nouveau|à nouveau|finalement) ouverts? {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} (?:est|sera) (?:en vacances|en congé|absente?|malade|indisponible) {_DAYS}"),
    (_WEEK, rf"{_SET_FR} les (?:horaires|heures) (?:de |du |d')?{_DOCTOR} (?:à|en|pour|:) {_HOURS}"),
    (_AWAY, rf"{_DOCTOR} ne (?:travaille|vient|consulte) pas {_DAYS}"),
    (_WEEK, rf"(?:nouveaux |les )*(?:horaires|heures) (?:de |du |d'){_DOCTOR} ?:? {_HOURS}"),
    (_SHOWN, rf"(?:quels sont )?(?:les )?horaires (?:de |du |d'){_DOCTOR}"),
    (_SHOWN, rf"quand travaille {_DOCTOR}"),
    (_WEEK, rf"{_DOCTOR} travaille {_HOURS}"),
    (_COSTS, rf"{_SET_FR} le (?:prix|tarif) (?:de |du |d')?{_SERVICE}{_DOCTOR} à {_PRICE}"),
    # Spanish
    (_CLOSED, rf"(?:estamos|estaremos|(?:la clínica|el centro|la consulta) (?:está|estará)) cerrad[oa]s? {_DAYS}"),
    (_CLOSED, rf"cerramos {_DAYS}"),
    (_OPEN, rf"(?:estamos|estaremos) (?:otra vez |de nuevo |finalmente )abiertos {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} (?:está|estará) (?:de vacaciones|de baja|de permiso|ausente|enferm[oa]) {_DAYS}"),
    (_WEEK, rf"{_SET_ES} (?:el horario|las horas) (?:de |del |de la )?{_DOCTOR} (?:a|en|:) {_HOURS}"),
    (_AWAY, rf"{_DOCTOR} no (?:trabaja|viene|atiende) {_DAYS}"),
    (_WEEK, rf"(?:nuevo |el )*horario (?:de |del |de la ){_DOCTOR}:? {_HOURS}"),
    (_SHOWN, rf"(?:cuál es )?(?:el )?horario (?:de |del |de la ){_DOCTOR}"),
    (_SHOWN, rf"cuándo trabaja {_DOCTOR}"),
    (_WEEK, rf"{_DOCTOR} trabaja {_HOURS}"),
    (_COSTS, rf"{_SET_ES} el precio (?:de |del |de la )?{_SERVICE}{_DOCTOR} (?:a|en) {_PRICE}"),
    # Malay
    (_CLOSED, rf"(?:kami|klinik(?: kami)?|pusat(?: kami)?) (?:di)?tutup {_DAYS}"),
    (_OPEN, rf"(?:kami|klinik(?: kami)?) (?:di)?buka semula {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} (?:sedang |akan )?(?:ber)?(?:cuti|tiada|sakit) {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} tidak (?:bekerja|datang|bertugas) {_DAYS}"),
    (_SHOWN, rf"(?:apakah )?(?:waktu|jadual)(?: kerja| bertugas) {_DOCTOR}"),
    (_SHOWN, rf"bila {_DOCTOR} (?:bekerja|bertugas)"),
    (_WEEK, rf"{_SET_MS} (?:waktu|masa|jadual)(?: kerja| bertugas| operasi)? {_DOCTOR} (?:kepada|ke) {_HOURS}"),
    (_WEEK, rf"{_DOCTOR} bekerja {_HOURS}"),
    (_COSTS, rf"{_SET_MS} harga {_SERVICE}{_DOCTOR} (?:kepada|ke) {_PRICE}"),
    # Arabic
    (_CLOSED, rf"(?:نحن|العيادة|المركز) (?:مغلقون|مغلقة|مغلق) {_DAYS}"),
    (_CLOSED, rf"نغلق {_DAYS}"),
    (_OPEN, rf"(?:نحن|العيادة|المركز) (?:مفتوحون|مفتوحة|مفتوح) (?:من جديد|مجددا) {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} (?:في إجازة|في اجازة|غائبة?|مريضة?) {_DAYS}"),
    (_AWAY, rf"{_DOCTOR} لا [يت](?:عمل|أتي|حضر) {_DAYS}"),
    (_SHOWN, rf"(?:ما هي )?(?:ساعات|مواعيد|أوقات) (?:عمل|دوام) {_DOCTOR}"),
    (_SHOWN, rf"متى [يت]عمل {_DOCTOR}"),
    (_WEEK, rf"{_SET_AR} (?:ساعات|مواعيد|أوقات)(?: عمل| دوام)? {_DOCTOR} (?:إلى|الى) {_HOURS}"),
    (_WEEK, rf"{_DOCTOR} [يت]عمل {_HOURS}"),
    (_COSTS, rf"{_SET_AR} سعر {_SERVICE}{_DOCTOR} (?:إلى |الى |ب)?{_PRICE}"),
)  # fmt: skip
"""How each is said, and the line that it is. Without days, hours or a price it is something else."""
_SENTENCES = tuple((line, re.compile(rf"{said}(?:(?<!\d)\.)?[ !]*", re.IGNORECASE)) for line, said in _SAID)
_ASKED = re.compile(r"\s*[?؟]\s*$")
_AT_MOST = 250
_EACH = re.compile(
    r"\b(?:every|each|always|\w{3,6}days|jeden|immer|\w{3,7}(?:tags|wochs)|chaque|tous les|cada|todos los|siempre|setiap|كل)\b",
    re.IGNORECASE,
)
"""Of each week: that is a matter of the hours, and no day on which something differs."""
_ANY = date(2024, 1, 1)
"""Whether days are named hangs on no date."""


def as_command(text: str, language: str) -> str | None:
    """Return the command that a whole sentence of somebody who runs a centre is, or None."""
    said = plain(text)
    if len(said) > _AT_MOST:
        return None
    asked = _ASKED.search(said)
    said = _ASKED.sub("", said).lstrip("¿")
    for line, pattern in _SENTENCES:
        if asked and line != _SHOWN:
            continue
        if not (found := pattern.fullmatch(said)):
            continue
        parts = found.groupdict()
        days = parts.get("days") or parts.get("also")
        if "{days}" in line and not (days and _are_days(days, language)):
            continue
        doctor, service = parts.get("doctor") or "", parts.get("service")
        filled = line.format(
            days=days,
            doctor=_short(doctor),
            service=f'"{service}"' if service else "",
            hours=parts.get("hours"),
            price=_price(parts.get("price") or "", language),
        )
        return " ".join(filled.split())
    return None


def _short(doctor: str) -> str:
    """A doctor as commands take one: by short name, or "dr" and a name."""
    if re.match(r"dr\.\w", doctor, re.IGNORECASE):
        return doctor
    return re.sub(
        rf"^(?:{_TITLES}\b\.?|د\.?|الدكتورة?|دكتورة?) ?", "dr ", doctor.removesuffix("'s"), flags=re.IGNORECASE
    )


def _price(text: str, language: str) -> str:
    """A price in one piece, or with the code of its currency."""
    named = read_max_price(Reading(in_english(text, language)))
    if named is None:
        return text
    return f"{named.number} {named.sign.upper()}" if named.sign.isalpha() else f"{named.sign}{named.number}"


def _are_days(text: str, language: str) -> bool:
    if _EACH.search(text):
        return False
    try:
        return first_phrase(in_english(text, language), _ANY, language) is not None
    except BadInputError:
        return True
