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
HISTORY: tuple[Term, ...] = (
    ("visits", H_("visits, of a history")),
    ("prescriptions", H_("prescriptions|my prescriptions")),
    ("notes", H_("notes of visits")),
    ("files", H_("files|my files|file|attachments|documents sent")),
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
_CLOSED = ("closed", H_("closed"))
HOURS: tuple[Term, ...] = (
    ("from", H_("from, of days and hours")),
    ("until", H_("until, of days and hours")),
    ("and", H_("and")),
    ("on", H_("on a day")),
    ("daily", H_("daily")),
    ("weekdays", H_("on weekdays")),
    ("weekend", H_("at the weekend")),
    ("break", H_("break|lunch break")),
    ("except", H_("not|without|except|I cannot")),
    _CLOSED,
    ("as usual", H_("as usual")),
    ("today", H_("today")),
    ("tomorrow", H_("tomorrow")),
)
REMOVING: tuple[Term, ...] = (("remove", H_("remove")),)
CLOSING: tuple[Term, ...] = (("open", H_("open again|open")),)
HOLIDAYS: tuple[Term, ...] = (
    ("on", H_("on, of a switch")),
    ("off", H_("off, of a switch")),
    _CLOSED,
    ("open", H_("open again|open")),
    ("region", H_("region|in the region")),
)
PAST: tuple[Term, ...] = (
    ("last month", H_("last month")),
    ("last week", H_("last week")),
    ("last year", H_("last year")),
    ("last", H_("last, of the last 30 days")),
    ("yesterday", H_("yesterday")),
    *_LENGTHS,
    ("months", H_("months")),
)
WHOLE: tuple[Term, ...] = (("all", H_("all of it|everything")),)
OFFERING: tuple[Term, ...] = (
    ("online", H_("online")),
    ("in person", H_("in person")),
    ("at the desk", H_("at the desk")),
    ("in advance", H_("paid in advance")),
    ("free", H_("free of charge")),
    ("price", H_("price")),
    ("group of", H_("group of")),
    ("needs approval", H_("needs approval|with approval")),
    ("no approval", H_("no approval|without approval")),
    ("for new patients", H_("for new patients")),
    ("for known patients", H_("for known patients")),
    ("for all patients", H_("for all patients")),
    ("before", H_("before")),
    ("after", H_("after")),
    ("every", H_("every")),
    ("notice", H_("notice, of hours before a visit")),
    ("ahead", H_("ahead, of days")),
    ("with", H_("with somebody")),
    ("without", H_("without")),
    ("name", H_("is called, of a service")),
    *_LENGTHS,
)
PRESCRIBING: tuple[Term, ...] = (
    ("no repeats", H_("no repeats|without repeats")),
    ("repeats", H_("repeats, of a prescription|repeat")),
    ("no substitution", H_("no substitution|do not substitute")),
    ("valid", H_("valid|valid for")),
    *_LENGTHS,
)
FORMS: tuple[Term, ...] = (
    ("tablets", H_("tablets|tablet|film-coated tablets")),
    ("capsules", H_("capsules|capsule")),
    ("syrup", H_("syrup")),
    ("solution", H_("oral solution|solution|suspension")),
    ("drops", H_("drops|eye drops|ear drops|nose drops")),
    ("spray", H_("spray|nasal spray")),
    ("inhaler", H_("inhaler")),
    ("cream", H_("cream")),
    ("ointment", H_("ointment")),
    ("gel", H_("gel")),
    ("patches", H_("patches|patch")),
    ("suppositories", H_("suppositories|suppository")),
    ("injection", H_("injection")),
    ("pen", H_("pen, to inject with")),
    ("powder", H_("powder|granules")),
    ("sachets", H_("sachets|sachet")),
    ("lozenges", H_("lozenges|lozenge")),
)
"""Of a medicine. What a doctor writes stays as it is; these say only where it stands."""
