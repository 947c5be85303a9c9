"""Which program reads a feed, as far as it says so: its family alone, no version and no address. Pure."""

from functools import lru_cache

_FAMILIES = (
    # What the User-Agent has in it, in the order in which it is looked for: most claim to be Mozilla.
    ("thunderbird", "Thunderbird"),
    ("google-calendar", "Google Calendar"),
    ("googlebot", "Google Calendar"),
    ("feedfetcher-google", "Google Calendar"),
    ("microsoft.exchange", "Outlook"),
    ("outlook", "Outlook"),
    ("microsoft office", "Outlook"),
    ("dataaccessd", "Apple Calendar"),
    ("calendaragent", "Apple Calendar"),
    ("ios/", "Apple Calendar"),
    ("macos/", "Apple Calendar"),
    ("icsx5", "ICSx⁵"),
    ("davx5", "DAVx⁵"),
    ("vdirsyncer", "vdirsyncer"),
    ("khal", "khal"),
    ("evolution", "Evolution"),
    ("akonadi", "KDE"),
    ("korganizer", "KDE"),
    ("nextcloud", "Nextcloud"),
    ("fantastical", "Fantastical"),
    ("yahoo", "Yahoo Calendar"),
    ("proton", "Proton Calendar"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("python", "a script"),
    ("mozilla", "a browser"),
)
OTHER = "another program"


@lru_cache(maxsize=1000)
def family_of(user_agent: str) -> str:
    """Return the family of a program by its User-Agent."""
    said = user_agent[:300].casefold()
    return next((family for part, family in _FAMILIES if part in said), OTHER)
