"""What the pages show of offers and times, in the words of the language that is spoken. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from booking.directory.model import Centre, Mode, Practitioner, Service
from booking.directory.specialties import label_of
from booking.people.languages import language_name
from booking.search.model import Offer, Relaxed
from core.dates import full_day
from core.languages import _, commas, enumerated, language, locale_of, ngettext
from core.timezones import zone

_RELAXED = {
    Relaxed.DISTANCE: "further away",
    Relaxed.PRICE: "at a higher price",
    Relaxed.TIME: "at another time",
    Relaxed.LANGUAGE: "in another language",
    Relaxed.MODE: "online or in person, whichever there is",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One free time."""

    iso: str
    """For machines: with its offset from UTC."""
    clock: str
    """On the centre's clock: 09:30."""
    words: str
    """What to send to the bot to book it."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day, on the centre's calendar."""

    name: str
    """Tuesday, 24 November"""
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """What a practitioner offers at a centre, with free times."""

    practitioner: Practitioner
    centre: Centre
    name: str
    specialty: str
    mode: str
    minutes: str
    """30 minutes"""
    price: str
    languages: str
    distance: str
    days: tuple[Day, ...]


def service_view(
    practitioner: Practitioner,
    centre: Centre,
    service: Service,
    times: Iterable[datetime],
    *,
    distance_km: float | None = None,
    say_mode: bool = False,
) -> ServiceView:
    """Put a service and its free times (UTC) into words. `say_mode`: the words for the bot need online or in person."""
    return ServiceView(
        practitioner=practitioner,
        centre=centre,
        name=service.name,
        specialty=label_of(service.specialty),
        mode=_("online") if service.mode is Mode.ONLINE else _("in person"),
        minutes=ngettext("{count} minute", "{count} minutes", service.minutes),
        price=service.price.show(language()) if service.price.amount else _("free of charge"),
        languages=languages(practitioner.languages),
        distance="" if distance_km is None else _("{distance} km away", distance=f"{distance_km:.0f}"),
        days=_days(practitioner, centre, service, times, say_mode=say_mode),
    )


def offer_view(offer: Offer) -> ServiceView:
    """The same of what a search found."""
    return service_view(
        offer.practitioner,
        offer.centre,
        offer.service,
        offer.next_times,
        distance_km=offer.distance_km,
        say_mode=True,
    )


def languages(codes: Sequence[str]) -> str:
    """English, German"""
    return commas(spoken_name(code) for code in codes)


def spoken_name(code: str) -> str:
    """A language's name in the language that is spoken."""
    return str(locale_of(language()).languages.get(code) or language_name(code))


def cancelling(centre: Centre) -> str:
    """Until when a visit there is cancelled for nothing, and what goes back later."""
    free = ngettext(
        "Cancelling is free until {count} hour before the visit.",
        "Cancelling is free until {count} hours before the visit.",
        centre.cancel_hours,
    )
    if not centre.late_refund_percent:
        return free
    return free + " " + _("Later, {percent} % is given back.", percent=centre.late_refund_percent)


def address(centre: Centre) -> str:
    """Kantstraße 78, Berlin; the city once, though it may stand in the street's line with its postal code."""
    return centre.street if centre.city in centre.street else f"{centre.street}, {centre.city}"


def relaxed(parts: Sequence[Relaxed]) -> str:
    """at a higher price and farther away"""
    return enumerated(_(_RELAXED[part]) for part in parts)


def _days(
    practitioner: Practitioner, centre: Centre, service: Service, times: Iterable[datetime], *, say_mode: bool
) -> tuple[Day, ...]:
    place = zone(centre.timezone)
    mode = f" {service.mode.value}" if say_mode else ""
    by_day: dict[str, list[Slot]] = {}
    for each in times:
        local = each.astimezone(place)
        words = f"book {practitioner.slug} {local.day}.{local.month}. {local:%H:%M}{mode} {centre.timezone}"
        name = full_day(local)
        by_day.setdefault(name, []).append(Slot(local.isoformat(timespec="minutes"), f"{local:%H:%M}", words))
    return tuple(Day(name, tuple(slots)) for name, slots in by_day.items())
