"""Finding a doctor: a wish in words, a numbered list, more of it, and what is changed about the wish."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import reduce
from typing import Any

from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import offers
from appservice.conversation.session import Session
from appservice.conversation.understanding.clock import moment
from appservice.conversation.understanding.prices import country_of_zone, currency_of_country
from appservice.conversation.understanding.text import folded, plain
from appservice.conversation.understanding.wishes import Wanted
from appservice.matrix.markdown import escape
from booking.appointments.reading import practitioners_seen
from booking.directory.model import Patients
from booking.directory.reasons import REASONS
from booking.people.service import Patient, set_timezone
from booking.search.model import Wish
from booking.search.service import matching, search
from core.errors import BadInputError
from core.languages import N_, _, enumerated
from core.timezones import zone

_RADIUS_KM = 25.0
_EXAMPLE = N_("“cardiologist near Berlin tomorrow under 60”")


@command(
    "find|search|look for|show me|i need|i want",
    "WHAT",
    help="find a doctor, for example “cardiologist near Berlin tomorrow under 60”",
    group="Visits",
    heard=True,
)
async def find(session: Session, text: str) -> None:
    """Search for what follows the word."""
    await wish(session, [text])


async def wish(
    session: Session, sentences: list[str], *, page: int = 0, referral: Mapping[str, str] | None = None
) -> None:
    """Search for what the sentences say together, a later one changing what an earlier one said.

    `referral`: with which one a visit is booked then, and for which patient.
    """
    kept = dict(referral or {})
    refining = {"do": "refine", "wish": sentences, **kept}
    wanted = understood(session, sentences)
    if not wanted.whom and not wanted.rest and not wanted.here:
        await session.say(
            _("Which kind of doctor do you need? Write it like {EXAMPLE}.", EXAMPLE=_(_EXAMPLE)),
            refine=refining,
        )
        return
    if not wanted.whom and wanted.rest:
        raise BadInputError(
            "I don't know what “{words}” is. Write a kind of doctor, like dermatologist or skin, or a doctor's name.",
            words=wanted.rest,
        )
    patient = own(session, kept["patient"]) if kept else await whom(session, wanted)
    if wanted.place and not session.person.timezone_chosen:
        session.person = await set_timezone(session.tx, session.ctx, session.person, wanted.place.timezone)
    meant = await meant_by(session, wanted, patient)
    found = await search(session.tx, meant, page=page)
    waiting = {"do": "wait for", "wish": sentences, "patient": str(patient.id), **kept}
    wait = {"wait": waiting} if found.offers or await matching(session.tx, meant, most=1) else {}
    if not found.offers:
        or_wait = _(", or write “wait” to be offered a time that comes free") if wait else ""
        await session.say(
            _("I found nobody like that. Try it with another place, day or price{or_wait}.", or_wait=or_wait),
            words=wait,
            refine=refining,
        )
        return
    after = min(offer.next_times[0] for offer in found.offers).astimezone(session.place).date() + timedelta(days=1)
    search_on: dict[str, Any] = {"do": "search", "wish": sentences, **kept}
    another_day = search_on | {"wish": [*sentences, f"from {after.isoformat()}"], "page": 0}
    words = wait | {"another day": another_day}
    if found.more:
        words["more"] = search_on | {"page": page + 1}
    if page:
        words["earlier"] = search_on | {"page": page - 1}
    listed = offers(found, session.place, session.person.language, reason=wanted.reason, wait=bool(wait))
    await session.say(
        f"{_not_for(wanted)}{'' if page else not_read(session, wanted)}{listed}",
        choices=[
            {
                "do": "times",
                "service": str(offer.service.id),
                "from": offer.next_times[0].isoformat(),
                "patient": str(patient.id),
                **kept,
            }
            for offer in found.offers
        ],
        words=words,
        refine=refining,
    )


@action("search")
async def again(session: Session, choice: dict[str, Any]) -> None:
    """Another page of the same."""
    await wish(session, choice["wish"], page=choice["page"], referral=_referral(choice))


@action("refine")
async def refine(session: Session, choice: dict[str, Any]) -> None:
    """The same wish, with what was said now."""
    if session.wanted(choice["text"]).empty:
        raise BadInputError("I did not understand that. Write “help” to see what I can do.")
    await wish(session, [*choice["wish"][:1], *choice["wish"][1:][-5:], choice["text"]], referral=_referral(choice))


def _referral(choice: Mapping[str, Any]) -> dict[str, str] | None:
    return {name: choice[name] for name in ("referral", "patient")} if choice.get("referral") else None


def own(session: Session, patient_id: str) -> Patient:
    """The patient of a choice: oneself, or one of the family."""
    return next(
        (each for each in session.person.family if str(each.id) == patient_id),
        session.person.patient,
    )


def understood(session: Session, sentences: list[str]) -> Wanted:
    """Put the sentences of a wish together."""
    return reduce(Wanted.refined, map(session.wanted, sentences))


async def whom(session: Session, wanted: Wanted) -> Patient:
    """For whom a wish is. Raises BadInputError when that is not clear."""
    person = session.person
    if not wanted.patient:
        return person.patient
    named = [member for member in person.family if member.name == wanted.patient]
    if named:
        return named[0]
    if len(person.family) == 1:
        return person.family[0]
    if not person.family:
        raise BadInputError("Tell me first who that is: add family NAME DATE-OF-BIRTH, like add family Mia 2018-05-04")
    raise BadInputError(
        "For whom? Write the name: {names}.",
        names=enumerated((f"for {each.name}" for each in person.family), either=True),
    )


def _not_for(wanted: Wanted) -> str:
    """Said before a list that may not be for whom it was wished for."""
    if wanted.patient or not wanted.stranger:
        return ""
    said = _(
        "Nobody in your family is called “{name}”, so these times are for yourself. To add somebody, write: add family"
        " NAME DATE-OF-BIRTH",
        name=escape(wanted.stranger),
    )
    return f"{said}\n\n"


def not_read(session: Session, wanted: Wanted) -> str:
    """Said before a list that leaves a part of the wish out."""
    if not wanted.unread:
        return ""
    if folded(wanted.unread) in folded(plain(session.incoming.text)):
        said = _("I could not take this into account: “{words}”.", words=escape(wanted.unread))
    else:  # put into English in part
        said = _("I did not understand all of that; this is for the rest of it.")
    return f"{said}\n\n"


async def meant_by(session: Session, wanted: Wanted, patient: Patient) -> Wish:
    """Return the wish for a patient, with the doctors whom they know."""
    return replace(_wish(session, wanted), known_to=await practitioners_seen(session.tx, patient.id))


def _wish(session: Session, wanted: Wanted) -> Wish:
    earliest, latest = _span(session, wanted)
    hours = wanted.hours
    after, before = (hours.after, hours.before) if hours else (None, None)
    if hours and hours.exact:
        after = hours.exact
        before = (datetime.combine(session.today, after) + timedelta(hours=1)).time() if after < time(23) else None
    specialty = wanted.specialty
    if wanted.reason and not specialty and not wanted.name:
        specialty = REASONS[wanted.reason].specialties[0]
    money = wanted.max_price or wanted.min_price
    country = wanted.place.country if wanted.place else country_of_zone(session.person.timezone)
    return Wish(
        specialty=specialty,
        reason=wanted.reason,
        min_price=wanted.min_price,
        insurance=wanted.insurance,
        accessible=bool(wanted.accessible),
        patients=wanted.patients or Patients.ALL,
        currency=money.currency if money else currency_of_country(country) if country else None,
        place=wanted.place,
        max_price=wanted.max_price,
        language=wanted.language,
        mode=wanted.mode,
        gender=wanted.gender,
        earliest=earliest,
        latest=latest,
        after=after,
        before=before,
        weekdays_off=wanted.without.weekdays if wanted.without else frozenset(),
        days_off=wanted.without.spans if wanted.without else (),
        timezone=session.person.timezone,
        name=wanted.name,
        sort=wanted.sort or ("nearest" if wanted.here else "soonest"),
        radius_km=wanted.radius_km or _RADIUS_KM,
    )


def _span(session: Session, wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    """The days of a wish, on the clock of the place if one is named, else on the person's."""
    if not wanted.days:
        return None, None
    place = zone(wanted.place.timezone) if wanted.place else session.place
    first, last = wanted.days.first, wanted.days.last
    latest = moment(last + timedelta(days=1), time(), place) if last else None
    return moment(first, time(), place), latest
