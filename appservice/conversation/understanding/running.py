"""What those who run a centre say in sentences of their own, as the command that it is. Pure.

"We are closed on 24.12.", "Dr. Osei ist nächste Woche im Urlaub", "change the hours of dr.osei to mon-fri 9-17". A whole
sentence alone is one: a question, or a wish for a visit, is none. It is shown to who said it before anything is done.
"""

import re
from collections.abc import Mapping
from datetime import date

from appservice.conversation.understanding.days import first_phrase
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.prices import read_max_price
from appservice.conversation.understanding.schedules import hours_in_english
from appservice.conversation.understanding.text import Reading, plain
from appservice.conversation.understanding.weekly import EACH, every_week, in_words
from core.errors import BadInputError
from core.languages import DEFAULT, spoken_languages

_TITLES = r"(?:(?:herrn?|frau|mr|mrs|ms|mme|m|señora?|encik|puan)\.? )?(?:dr|prof|doctora?|doktor|docteure?|dokter)"
_DOCTOR = (
    rf"(?:the |der |die |den |dem |le |la |el |du )?(?P<doctor>dr\.[\w.-]*\w|{_TITLES}\b\.? ?[^\W\d][\w'-]*(?: [^\W\d][\w'-]+)??"
    r"|(?:د\.?|الدكتورة?|دكتورة?) ?[^\W\d][\w'-]*)"
)
_DAYS = r"(?P<days>.{2,80}?)"
_TIME = r"(?P<time>(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?(?: ?(?P<half>[ap])\.?m\b\.?)?(?: ?(?:uhr|h)\b)?)"
_ALSO = r"(?P<also>.{2,80})"
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
_ILL = "time off {doctor} today"
_EARLY = "closing time {time} {days}"
_WEEK = "hours {doctor} {hours}"
_SHOWN = "hours {doctor}"
_COSTS = "edit service {doctor} {service} price {price}"
_US = r"(?:we|the (?:clinic|practice|cent(?:re|er)|office|surgery))"
_SAID = (
    # English
    (_EARLY, rf"(?:{_DAYS} )?{_US}(?: are|'re| will|'ll| is)? (?:clos(?:e|es|ing)|shut)(?: early| earlier| already)? at {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:(?:{_DAYS} )?{_US}(?: are|'re| will be|'ll be| is)? )?(?:only )?(?:stay )?open (?:only )?(?:until|till) {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"{_US}(?: are|'re| will|'ll| is)? (?:clos(?:e|es|ing)|shut) (?:early|earlier)(?: {_DAYS})?"),
    (_ILL, rf"{_DOCTOR}(?: is| has|'s)?(?: (?:called|phoned|off|out))?(?: in)? (?:sick|ill|unwell|not well)"),
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
    (_EARLY, rf"wir (?:schließen|machen)(?: {_DAYS})?(?: schon)? um {_TIME}(?: zu)?"),
    (_EARLY, rf"{_DAYS} (?:schließen|machen) wir(?: schon)? um {_TIME}(?: zu)?"),
    (_EARLY, rf"wir (?:haben|sind)(?: {_DAYS})?(?: nur)? bis {_TIME} (?:offen|geöffnet|auf|da)"),
    (_EARLY, rf"{_DAYS} (?:haben|sind) wir(?: nur)? bis {_TIME} (?:offen|geöffnet|auf|da)"),
    (_EARLY, rf"wir (?:schließen|machen)(?: {_DAYS})? früher(?: zu)?"),
    (_ILL, rf"{_DOCTOR} (?:ist krank(?:gemeldet|geschrieben)?|hat sich krank ?gemeldet|fällt (?:krank |heute )?aus)"),
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
    (_EARLY, rf"(?:{_DAYS},? )?(?:nous fermons|on ferme) (?:plus tôt )?à {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:{_DAYS},? )?(?:nous sommes|on est|nous restons) ouverts? jusqu'à {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:nous fermons|on ferme) plus tôt(?: {_DAYS})?"),
    (_ILL, rf"{_DOCTOR} est (?:malade|souffrante?)"),
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
    (_EARLY, rf"(?:{_DAYS},? )?cerramos a las? {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:{_DAYS},? )?(?:abrimos|estamos abiertos) hasta las? {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"cerramos (?:antes|más temprano)(?: {_DAYS})?"),
    (_ILL, rf"{_DOCTOR} está (?:enferm[oa]|mal[oa])"),
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
    (_EARLY, rf"(?:{_DAYS},? )?(?:kami|klinik(?: kami)?) (?:di)?tutup (?:pada )?(?:pukul|jam) {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:{_DAYS},? )?(?:kami|klinik(?: kami)?) (?:di)?buka (?:sehingga|hingga|sampai) (?:pukul |jam )?{_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:kami|klinik(?: kami)?) (?:di)?tutup (?:awal|lebih awal)(?: {_DAYS})?"),
    (_ILL, rf"{_DOCTOR} (?:sedang |jatuh )?(?:sakit|mc)"),
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
    (_EARLY, rf"(?:{_DAYS} )?(?:نحن )?نغلق (?:في |عند )?الساعة {_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:نحن|العيادة|المركز) (?:مفتوحون|مفتوحة|مفتوح) حتى (?:الساعة )?{_TIME}(?: {_ALSO})?"),
    (_EARLY, rf"(?:نحن )?نغلق (?:مبكرا|مبكرًا|باكرا)(?: {_DAYS})?"),
    (_ILL, rf"{_DOCTOR} (?:مريضة?|متوعكة?)"),
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
_MINE = "time off {days}"
_MINE_TODAY = "time off today"
_MY_HOURS = "hours"
_OF_ONESELF = (
    (_MY_HOURS, r"(?:what are |show(?: me)? )?my (?:opening |office |working |consulting )?hours"),
    (_MY_HOURS, r"(?:was sind |zeige? (?:mir )?)?meine (?:sprechzeiten|arbeitszeiten|sprechstunden)"),
    (_MY_HOURS, r"(?:quels sont )?mes horaires"),
    (_MY_HOURS, r"(?:cuál es )?mi horario"),
    (_MY_HOURS, r"(?:apakah )?(?:waktu|jadual)(?: kerja| bertugas)? saya"),
    (_MY_HOURS, r"(?:ما هي )?(?:ساعات|أوقات) (?:عملي|دوامي)"),
    (_MINE, rf"(?:please )?block(?: out| off)?(?: my (?:calendar|diary|time))? {_DAYS}"),
    (_MINE, rf"(?:bitte )?(?:blockier|sperr)\w*(?: mir| meinen kalender)? {_DAYS}"),
    (_MINE, rf"bloque[rz]?(?: mon agenda)? {_DAYS}"),
    (_MINE, rf"bloque(?:a|ar)(?: mi agenda)? {_DAYS}"),
    (_MINE, rf"(?:sila )?sekat(?: jadual saya)? {_DAYS}"),
    (_MINE, rf"احجب(?: جدولي)? {_DAYS}"),
    (_MINE_TODAY, r"(?:i am|i'm|im)(?: off)? (?:sick|ill|unwell|not well)"),
    (_MINE, rf"(?:i am|i'm|im|i will be|i'll be) (?:on (?:holidays?|vacation|leave)|away|off(?: sick)?|out|sick|ill|not (?:in|here|there|working)) {_DAYS}"),
    (_MINE, rf"(?:sorry,? )?(?:i )?(?:can't|cant|cannot|can not|won't|do not|don't) (?:come(?: in)?|work) {_DAYS}"),
    (_MINE_TODAY, r"ich (?:bin krank|habe mich krank ?gemeldet)"),
    (_MINE, rf"ich (?:bin|habe|nehme) {_DAYS} (?:im |auf )?(?:urlaub|nicht (?:da|im haus)|krank|frei|weg|verreist)"),
    (_MINE, rf"ich (?:kann|komme|arbeite) {_DAYS} nicht(?: kommen| arbeiten)?"),
    (_MINE_TODAY, r"je suis (?:malade|souffrante?)"),
    (_MINE, rf"je suis (?:en vacances|en congé|absente?|malade) {_DAYS}"),
    (_MINE, rf"je ne (?:travaille|viens|consulte) pas {_DAYS}"),
    (_MINE_TODAY, r"(?:yo )?estoy (?:enferm[oa]|mal[oa])"),
    (_MINE, rf"estoy (?:de vacaciones|de baja|de permiso|ausente|enferm[oa]) {_DAYS}"),
    (_MINE_TODAY, r"saya (?:sedang |jatuh )?(?:sakit|mc)"),
    (_MINE, rf"saya (?:sedang |akan )?(?:ber)?(?:cuti|tiada|sakit) {_DAYS}"),
    (_MINE_TODAY, r"(?:أنا|انا) (?:مريضة?|متوعكة?)"),
    (_MINE, rf"(?:أنا|انا) (?:في إجازة|في اجازة|غائبة?|مريضة?) {_DAYS}"),
)  # fmt: skip
"""What a doctor says of themselves."""
_SENTENCES = tuple((line, re.compile(rf"{said}(?:(?<!\d)\.)?[ !]*", re.IGNORECASE)) for line, said in _SAID)
_OWN = tuple((line, re.compile(rf"{said}(?:(?<!\d)\.)?[ !]*", re.IGNORECASE)) for line, said in _OF_ONESELF)
_ASKED = re.compile(r"\s*[?؟]\s*$")
_AND_IN_ARABIC = re.compile(r"(?<!\w)و(?=\d)")
_AT_MOST = 250
_NOON = 12
_MORNING = 8
"""Before that hour nobody closes: at three means at 15:00."""
_ANY = date(2024, 1, 1)
"""Whether days are named hangs on no date."""


def as_command(text: str, language: str, *, treats: bool = False) -> str | None:
    """Return the command that a whole sentence of somebody who runs a centre is, or `treats`; or None."""
    said = plain(text)
    if len(said) > _AT_MOST:
        return None
    asked = _ASKED.search(said)
    said = _ASKED.sub("", said).lstrip("¿")
    for line, pattern in (*_SENTENCES, *(_OWN if treats else ())):
        if asked and line not in {_SHOWN, _MY_HOURS}:
            continue
        if not (found := pattern.fullmatch(said)):
            continue
        parts = found.groupdict()
        days = parts.get("days") or parts.get("also")
        weekly = every_week(days, language) if days and line == _CLOSED else ()
        if weekly:
            return f"{_CLOSED.removesuffix('{days}')}{in_words(weekly)}"
        if days and "{days}" in line:
            days = _days_in_any(days, language)
        if "{days}" in line and not days and (line != _EARLY or (parts.get("days") or parts.get("also"))):
            continue
        doctor, service = parts.get("doctor") or "", parts.get("service")
        filled = line.format(
            days=days or "",
            time=_clock(parts) if line == _EARLY else "",
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


def _clock(parts: Mapping[str, str | None]) -> str:
    """A time at which a centre closes: three is in the afternoon. What is none stays as it was said."""
    if not parts.get("hour"):
        return ""
    hour, minute, half = int(parts["hour"] or 0), int(parts.get("minute") or 0), (parts.get("half") or "").lower()
    if (half == "p" and hour < _NOON) or (not half and 0 < hour < _MORNING):
        hour += _NOON
    return f"{hour}:{minute:02}"


def _days_in_any(text: str, language: str) -> str | None:
    """The days as they were said; in English, if they are named in another language than the person's; None: none."""
    text = _AND_IN_ARABIC.sub("و ", text)
    if _are_days(text, language):
        return text
    if EACH.search(text):
        return None
    others = (in_english(hours_in_english(text, tag), tag) for tag in sorted(spoken_languages() - {DEFAULT}))
    return next((each for each in others if _are_days(each, DEFAULT)), None)


def _are_days(text: str, language: str) -> bool:
    if EACH.search(text):
        return False
    try:
        return first_phrase(in_english(text, language), _ANY, language) is not None
    except BadInputError:
        return True
