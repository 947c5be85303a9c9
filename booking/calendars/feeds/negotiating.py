"""What a program takes, by what it says of itself: in which form, in which encoding (RFC 9110 section 12). Pure."""

from collections.abc import Iterator
from functools import lru_cache

from booking.calendars.feeds.bodies import Form

TYPES = {
    Form.ICS: "text/calendar",
    Form.JSON: "application/calendar+json",
    Form.XML: "application/calendar+xml",
}


def accepts_gzip(header: str) -> bool:
    """Whether somebody takes gzip (section 12.5.3)."""
    weights = dict(_weighed(header))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


@lru_cache(maxsize=256)
def form_for(accept: str) -> Form:
    """Return the form that somebody likes best (section 12.5.1); iCalendar, unless another one is named.

    Whoever takes none of them gets iCalendar all the same: that is better than nothing, and most say nothing of use.
    """
    weights = dict(_weighed(accept))
    best, most = Form.ICS, _weight(weights, TYPES[Form.ICS])
    for form in (Form.JSON, Form.XML):
        named = weights.get(TYPES[form], 0.0)
        # Equally dear to them: what they name before what a * stands for.
        if named > most or (named == most > 0 and best is Form.ICS and TYPES[best] not in weights):
            best, most = form, named
    return best


def _weight(weights: dict[str, float], kind: str) -> float:
    """That of the most exact of the ranges that a type is in."""
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((weights[each] for each in ranges if each in weights), 0.0)


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    """Yield what is named, with its weight; other parameters than `q` are passed over."""
    for each in header[:2000].lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        said = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
        try:
            yield name, float(said[0]) if said else 1.0
        except ValueError:
            yield name, 0.0
