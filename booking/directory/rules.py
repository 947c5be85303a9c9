"""What may be written into the directory. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from babel.numbers import list_currencies

from booking.directory.model import Centre, Payment, Service
from booking.directory.reasons import REASONS, reason_label
from booking.directory.specialties import SPECIALTIES, folded, specialty_of
from booking.people.rules import checked_language, checked_reminders
from core.errors import BadInputError
from core.languages import _, commas
from core.money import Money

_DEAREST = 100_000_000
"""In the currency's smallest unit."""
_INSURANCES = 100
_GENDERS = {"": "", "female": "female", "f": "female", "woman": "female", "male": "male", "m": "male", "man": "male"}


def slug_of(name: str, taken: Sequence[str]) -> str:
    """Return a short name to type: the given one's words with dots, a number behind it if it is taken."""
    words = folded(name).replace("_", " ").split()
    base = ".".join(words)[:40].strip(".") or "x"
    slug, n = base, 1
    while slug in taken:
        n += 1
        slug = f"{base}{n}"
    return slug


def practitioner_slug(name: str, taken: Sequence[str]) -> str:
    """Dr Ama Osei is dr.osei, and, when that is taken, dr.ama.osei."""
    words = folded(name).split()
    short = slug_of(f"{words[0]} {words[-1]}" if len(words) > 2 else name, ())
    return short if short not in taken else slug_of(name, taken)


def checked_text(text: str, what: str, *, most: int = 120) -> str:
    """Return a text with its white space in order, neither empty nor too long. `what` it is, in English."""
    text = " ".join(text.split())
    if not text:
        raise BadInputError("The {what} is missing.", what=_(what))
    if len(text) > most:
        raise BadInputError("The {what} is too long; {most} letters are the most.", what=_(what), most=most)
    return text


def checked_specialty(text: str) -> str:
    """Return a specialty's code. Raises BadInputError with some of those that there are."""
    code = text if text in SPECIALTIES else specialty_of(text)
    if code is None:
        some = commas(sorted(specialty.label for specialty in SPECIALTIES.values()))
        raise BadInputError("I don't know that specialty. These I know: {some}.", some=some)
    return code


def checked_languages(texts: Sequence[str]) -> list[str]:
    """Return languages' codes, each once, in the order given."""
    return list(dict.fromkeys(checked_language(text) for text in texts))


def checked_gender(text: str) -> str:
    """Return female, male or nothing."""
    try:
        return _GENDERS[text.strip().casefold()]
    except KeyError as unknown:
        raise BadInputError("Write female or male, or leave it out.") from unknown


def checked_currency(text: str) -> str:
    """Return a currency's code."""
    code = text.strip().upper()
    if code not in list_currencies("en"):
        raise BadInputError("Write a currency by its three letters, like EUR.")
    return code


def checked_coordinates(latitude: float, longitude: float) -> tuple[float, float]:
    """Return a place on the earth, in degrees."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadInputError("Write where it is in degrees, like 52.507, 13.301.")
    return latitude, longitude


def checked_centre(centre: Centre) -> Centre:
    """Check a centre's rules; return it with its text in order."""
    within(centre.cancel_hours, 0, 24 * 30, "cancellation deadline", "hours")
    within(centre.late_refund_percent, 0, 100, "late refund", "percent")
    within(centre.no_show_percent, 0, 100, "refund of a missed visit", "percent")
    within(centre.offer_minutes, 10, 24 * 60, "time that an offer is kept", "minutes")
    within(centre.records_days, 0, 3650, "time that records are open after a visit", "days")
    if centre.question_hours is not None:
        within(centre.question_hours, 1, 24 * 14, "time that a question may wait", "hours")
    within(centre.room_closes_days, 0, 90, "time after the visit until its room closes", "days")
    within(centre.room_kept_days, 1, 3650, "time that a closed room is kept", "days")
    if centre.room_opens_minutes is not None:
        within(centre.room_opens_minutes, 5, 30 * 24 * 60, "time before the visit at which its room opens", "minutes")
    if centre.reply_hours is not None:
        within(centre.reply_hours, 1, 14 * 24, "time within which questions are answered", "hours")
    if centre.no_show_limit is not None:
        within(centre.no_show_limit, 1, 20, "number of missed visits", "visits")
    if centre.daily_list_at is not None:
        within(centre.daily_list_at, 0, 1439, "time of the daily list", "minutes after midnight")
    reminders = None if centre.reminder_minutes is None else tuple(checked_reminders(centre.reminder_minutes))
    return replace(
        centre,
        phone=" ".join(centre.phone.split())[:40],
        reminder_minutes=reminders,
        insurances=checked_insurances(centre.insurances),
    )


def checked_insurances(names: Sequence[str]) -> tuple[str, ...]:
    """Return insurances' names in the form in which they are compared, each once."""
    folded_names = dict.fromkeys(checked_text(name, "insurance's name", most=30).casefold() for name in names)
    if len(folded_names) > _INSURANCES:
        raise BadInputError("{most} insurances are the most.", most=_INSURANCES)
    return tuple(folded_names)


def checked_reasons(codes: Sequence[str], specialty: str) -> tuple[str, ...]:
    """Return visit reasons' codes. Raises BadInputError for those that are unknown, or another specialty's."""
    known = [code for code, reason in REASONS.items() if specialty in reason.specialties]
    for code in codes:
        if code not in known:
            some = commas(reason_label(each) for each in known) or "none"
            raise BadInputError("That specialty does not know this reason. These it knows: {some}.", some=some)
    return tuple(dict.fromkeys(codes))


def checked_service(service: Service, currency: str) -> Service:
    """Check lengths, notice and price; return the service with its text in order. `currency`: its centre's."""
    within(service.minutes, 5, 480, "length", "minutes")
    within(service.grid_minutes, 5, 480, "grid", "minutes")
    within(service.buffer_before, 0, 240, "time before", "minutes")
    within(service.buffer_after, 0, 240, "time after", "minutes")
    within(service.min_notice_minutes, 0, 60 * 24 * 60, "notice", "minutes")
    within(service.window_days, 1, 730, "booking window", "days")
    within(service.capacity, 1, 100, "size of a group", "patients")
    if service.price.currency != currency:
        raise BadInputError("That centre's prices are in {currency}.", currency=currency)
    if not 0 <= service.price.amount <= _DEAREST:
        raise BadInputError("A price is from nothing to {most}.", most=Money(currency, _DEAREST).show())
    if service.payment is Payment.PREPAY and 0 < service.price.amount < 50:
        # https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
        raise BadInputError("So small an amount cannot be paid by card. Make it free, or paid at the desk.")
    return replace(
        service,
        name=checked_text(service.name, "service's name"),
        reasons=checked_reasons(service.reasons, service.specialty),
    )


def within(value: int, least: int, most: int, what: str, unit: str) -> None:
    """Raises BadInputError when `value`, which is `what` in `unit`, both in English, is not from `least` to `most`."""
    if not least <= value <= most:
        raise BadInputError(
            "The {what} is from {least} to {most} {unit}.", what=_(what), least=least, most=most, unit=_(unit)
        )
