"""What people say in their own language behind everyday commands: the few words that such a command knows, by command.

Each is what the command reads in English, and how the catalogues name it. Only these words are put into English
(`gloss.in_english`), so that names stay names; where somebody's own words follow, only what stands before them is.
"""

from core.languages import H_

Term = tuple[str, str]

_WITH = ("with", H_("with somebody"))
_UNTIL = ("until", H_("until"))
_FROM = ("from", H_("from"))
_FOR = ("for", H_("for"))
_ALL = ("all", H_("all|everybody"))
_LENGTHS = (
    ("minutes", H_("minutes|minute")),
    ("hours", H_("hours|hour")),
    ("days", H_("days|day")),
    ("weeks", H_("weeks|week")),
)
WHOSE: tuple[Term, ...] = (_FOR,)
NONE: tuple[Term, ...] = (("none", H_("none|nothing")),)
ENDING: tuple[Term, ...] = (("off", H_("off|end it")),)
LENGTHS: tuple[Term, ...] = (*_LENGTHS, ("never", H_("never")), *ENDING)
BORN: tuple[Term, ...] = (("born", H_("born|born on")),)
BUTTONS: tuple[Term, ...] = (("numbers", H_("numbers")), ("polls", H_("polls")), ("none", H_("none|nothing")), *ENDING)
CONTACTS: tuple[Term, ...] = (
    ("allow", H_("allow|let in")),
    ("block", H_("block|keep out")),
    ("remove", H_("remove")),
    _ALL,
    ("staff", H_("staff")),
    ("patients", H_("patients")),
)
SHARING: tuple[Term, ...] = (
    _WITH,
    _UNTIL,
    _FOR,
    ("everything", H_("everything|all records")),
    ("prescriptions", H_("prescriptions|my prescriptions")),
    ("prescriptions", H_("prescription")),
    ("sick notes", H_("sick note|sicknote|certificate")),
    ("sick notes", H_("sick notes")),
    ("notes", H_("notes of visits")),
    ("referrals", H_("referrals|referral")),
    ("files", H_("files|my files|file|attachments|documents sent")),
    ("allergies", H_("allergies|my allergies|allergy")),
    ("history", H_("history|my history")),
    ("reasons", H_("reason|symptoms")),
)
ROLES: tuple[Term, ...] = (
    ("interpreter", H_("interpreter")),
    ("family", H_("family")),
    ("family", H_("relative|friend")),
    ("doctor", H_("doctor")),
    ("doctor", H_("second doctor|colleague")),
)
SERIES: tuple[Term, ...] = (("series", H_("series|the whole series")),)
RHYTHM: tuple[Term, ...] = (
    ("every", H_("every")),
    ("times", H_("times, as in three times")),
    ("daily", H_("daily")),
    ("weekly", H_("weekly")),
    *_LENGTHS,
)
ABSENCE: tuple[Term, ...] = (
    _UNTIL,
    _FROM,
    ("instead", H_("instead|stand-in")),
    ("today", H_("today")),
    ("tomorrow", H_("tomorrow")),
    ("next week", H_("next week")),
    ("centre", H_("centre|practice")),
    *ENDING,
)
REFERRING: tuple[Term, ...] = (
    ("to", H_("to somebody")),
    ("urgent", H_("urgent|urgently")),
    ("in person", H_("in person")),
    ("online", H_("online")),
)
