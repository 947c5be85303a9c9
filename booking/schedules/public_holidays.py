"""Public holidays by country and region, as the library `holidays` knows them."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from core.errors import BadInputError
from core.languages import commas


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str, year: int) -> Mapping[date, str]:
    """Return the names of a year's public holidays by date, in order; none for a country that is not known.

    `country`: ISO 3166-1 alpha-2, `region`: as `checked_region` gives it. Names are English where they are known so.
    """
    kind = _kind(country)
    if kind is None:
        return {}
    language = "en_US" if "en_US" in kind.supported_languages else None
    found = kind(subdiv=region or None, years=year, language=language)
    return dict(sorted((day, name) for day, name in found.items() if day.year == year))


def next_holidays(country: str, region: str, today: date, count: int) -> list[tuple[date, str]]:
    """Return the holidays to come, today's included, within two years."""
    years = (public_holidays(country, region, today.year + n) for n in range(3))
    return [(day, name) for year in years for day, name in year.items() if day >= today][:count]


def checked_region(country: str, region: str) -> str:
    """Return a region by its code ("BE"), from that or from its name ("Berlin"); nothing for the whole country.

    Raises BadInputError with the country's regions.
    """
    kind = _kind(country)
    if kind is None:
        raise BadInputError("I don't know the public holidays of that country. Write closed dates one by one.")
    wanted = region.strip().casefold().removeprefix(f"{country.casefold()}-")
    if not wanted:
        return ""
    names = {each.casefold(): each for each in kind.subdivisions}
    for code, others in kind.get_subdivision_aliases().items():
        names |= {each.casefold(): code for each in others}
    if wanted not in names:
        some = commas(kind.subdivisions) or "none"
        raise BadInputError("I don't know that region. These I know there: {some}.", some=some)
    return str(names[wanted])


@lru_cache(maxsize=64)
def _kind(country: str) -> Any:
    """Import the library when a centre first closes on holidays: it takes 14 MB."""
    import holidays  # noqa: PLC0415

    try:
        return type(holidays.country_holidays(country))
    except NotImplementedError:
        return None
