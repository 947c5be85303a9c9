"""A sentence is understood as the visit it asks for. Said on Monday, 23 November 2026, in Berlin."""

from dataclasses import fields
from datetime import date, time
from unittest.mock import Mock

import pytest

from appservice.conversation.understanding import whereabouts
from appservice.conversation.understanding.clock import Hours
from appservice.conversation.understanding.days import Days
from appservice.conversation.understanding.wishes import Speaker, Wanted, read_wish
from booking.directory.model import Mode, Patients
from core.errors import BadInputError
from core.money import Money

ANNA = Speaker(date(2026, 11, 23), "Europe/Berlin", "en", ("Mia Weber", "Ben"))
TOMORROW = Days(date(2026, 11, 24), date(2026, 11, 24))


def said(text: str, speaker: Speaker = ANNA) -> dict[str, object]:
    """What was understood, by field; a place by its name."""
    wanted = read_wish(text, speaker)
    found = {each.name: getattr(wanted, each.name) for each in fields(wanted)}
    found["place"] = wanted.place and wanted.place.name
    return {name: value for name, value in found.items() if value not in (None, "")}


WISHES: dict[str, dict[str, object]] = {
    "cardiologist near Berlin tomorrow under 60": {
        "specialty": "cardiology", "place": "Berlin", "days": TOMORROW, "max_price": Money("EUR", 6000),
    },
    "female skin doctor in Munich next week after 5pm, in German": {
        "specialty": "dermatology", "place": "Munich", "gender": "female", "language": "de",
        "days": Days(date(2026, 11, 30), date(2026, 12, 6)), "hours": Hours(after=time(17)),
    },
    "dentist around KL max RM 80": {
        "specialty": "dentistry", "place": "Kuala Lumpur", "max_price": Money("MYR", 8000),
    },
    "dentist in London under 50": {"specialty": "dentistry", "place": "London", "max_price": Money("GBP", 5000)},
    "english speaking gp online, cheapest first": {
        "specialty": "general-practice", "language": "en", "mode": Mode.ONLINE, "sort": "cheapest",
    },
    "a psychiatrist by video this evening": {
        "specialty": "psychiatry", "mode": Mode.ONLINE, "days": Days(ANNA.today, ANNA.today),
        "hours": Hours(time(17), time(22)),
    },
    "heart doctor for my daughter near Berlin": {
        "specialty": "cardiology", "patient": "daughter", "place": "Berlin",
    },
    "pediatrician for mia in Hamburg on Friday morning": {
        "specialty": "paediatrics", "patient": "Mia Weber", "place": "Hamburg",
        "days": Days(date(2026, 11, 27), date(2026, 11, 27)), "hours": Hours(time(6), time(12)),
    },
    "cardiolgist berlin": {"specialty": "cardiology", "place": "Berlin"},
    "CARDIOLOGIST BERLIN": {"specialty": "cardiology", "place": "Berlin"},
    "dentist within 10 km of Leeds": {"specialty": "dentistry", "place": "Leeds", "radius_km": 10.0},
    "dentist within 5 miles of Leeds": {"specialty": "dentistry", "place": "Leeds", "radius_km": 8.045},
    "dentist over 50€": {"specialty": "dentistry", "min_price": Money("EUR", 5000)},
    "dentist between 30 and 60": {
        "specialty": "dentistry", "min_price": Money("EUR", 3000), "max_price": Money("EUR", 6000),
    },
    "dentist from €30 to €60 tomorrow": {
        "specialty": "dentistry", "min_price": Money("EUR", 3000), "max_price": Money("EUR", 6000), "days": TOMORROW,
    },
    "dentist between 9 and 12": {"specialty": "dentistry", "hours": Hours(time(9), time(12))},
    "skin check in Munich": {"reason": "skin-check", "place": "Munich"},
    "ecg with a cardiologist": {"reason": "ecg", "specialty": "cardiology"},
    "I need a vaccinaton": {"reason": "vaccination"},
    "contraception online": {"reason": "contraception", "mode": Mode.ONLINE},
    "dentist who takes AOK": {"specialty": "dentistry", "insurance": "aok"},
    "gp with TK insurance": {"specialty": "general-practice", "insurance": "tk"},
    "wheelchair accessible dentist": {"specialty": "dentistry", "accessible": True},
    "cardiologist for Tim tomorrow": {
        "specialty": "cardiology", "days": TOMORROW, "stranger": "Tim", "rest": "Tim",
    },
    "dentist for my cat": {"specialty": "dentistry", "stranger": "cat", "rest": "cat"},
    "I need something for my back": {"rest": "back"},
    "dentist for two weeks from now": {"specialty": "dentistry", "days": Days(date(2026, 12, 7), date(2026, 12, 13))},
    "dentist for July": {"specialty": "dentistry", "days": Days(date(2027, 7, 1), date(2027, 7, 31))},
    "I'm looking for Charité, a dentist": {"specialty": "dentistry", "rest": "Charité"},
    "dentist for a visit": {"specialty": "dentistry"},
    "dentist for myself": {"specialty": "dentistry", "rest": "myself"},
    "dentist for new patients": {"specialty": "dentistry", "rest": "new patients"},
    "dentist tomorrow لـMia": {"specialty": "dentistry", "days": TOMORROW, "patient": "Mia Weber"},
    "dentist tomorrow لـTim": {"specialty": "dentistry", "days": TOMORROW, "stranger": "Tim", "rest": "لـTim"},
    "dentist accepting new patients": {"specialty": "dentistry", "patients": Patients.NEW},
    "follow-up with dr osei": {"name": "osei", "patients": Patients.KNOWN},
    "dentist within walking distance of Leeds": {"specialty": "dentistry", "place": "Leeds", "radius_km": 2.0},
    "dentist not further than 5 km from Leeds": {"specialty": "dentistry", "place": "Leeds", "radius_km": 5.0},
    "dentist Berlin by price": {"specialty": "dentistry", "place": "Berlin", "sort": "cheapest"},
    "dentist geo:52.52,13.405;u=20": {"specialty": "dentistry", "place": "Mitte", "here": True},
    "dr osei": {"name": "osei"},
    "Dr. Ama Osei tomorrow": {"name": "Ama Osei", "days": TOMORROW},
    "book dr.osei 24.11. 09:30": {"name": "osei", "days": TOMORROW, "hours": Hours(exact=time(9, 30))},
    "skin at Heart Clinic": {"specialty": "dermatology", "name": "Heart Clinic"},
    "I need a women's doctor near Frankfurt asap": {
        "specialty": "gynaecology", "place": "Frankfurt am Main", "sort": "soonest",
    },
    "male urologist who speaks Arabic": {"specialty": "urology", "gender": "male", "language": "ar"},
    "dermatologist in person, max 60€": {
        "specialty": "dermatology", "mode": Mode.IN_PERSON, "max_price": Money("EUR", 6000),
    },
    "nearest physio to Leeds": {"specialty": "physiotherapy", "sort": "nearest", "place": "Leeds"},
    "Hautarzt in Köln morgen": {"specialty": "dermatology", "place": "Köln", "days": TOMORROW},
    "ear nose and throat": {"specialty": "ent"},
    "under 50": {"max_price": Money("EUR", 5000)},
    "up to 50 eur": {"max_price": Money("EUR", 5000)},
    "€60 or less": {"max_price": Money("EUR", 6000)},
    "less than 1.200,50 EUR": {"max_price": Money("EUR", 120050)},
    "for 60 pounds": {"max_price": Money("GBP", 6000)},
    "cheap": {"sort": "cheapest"},
    "soonest": {"sort": "soonest"},
    "online": {"mode": Mode.ONLINE},
    "female": {"gender": "female"},
    "in English": {"language": "en"},
    "tomorrow": {"days": TOMORROW},
    "in Munich": {"place": "Munich"},
    "hello": {},
    "osei": {"rest": "osei"},
    "": {},
}  # fmt: skip


@pytest.mark.parametrize(("text", "meant"), WISHES.items())
def test_a_sentence_asks_for_this(text: str, meant: dict[str, object]) -> None:
    assert said(text) == meant


def test_who_is_called_like_a_month_is_meant_where_the_family_has_them() -> None:
    family = Speaker(ANNA.today, ANNA.timezone, "en", ("May Weber",))
    assert said("dentist for May in June", family) == {
        "specialty": "dentistry", "patient": "May Weber", "days": Days(date(2027, 6, 1), date(2027, 6, 30)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dentist near me", 'I can\'t see where you are. Share your location, or name a town, like "near Berlin".'),
        ("dentist near Xyzzyville", "I don't know a town called Xyzzyville. Try the nearest bigger one."),
        ("dentist on 31.2.", "There is no 31 February. Which day do you mean?"),
        ("dentist geo:95.0,13.4", 'I can\'t read where that is. Name a town, like "near Berlin".'),
        ("dentist under 0", 'The highest price must be more than nothing. Write it like "under 60".'),
    ],
)
def test_what_cannot_be_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read_wish(text, ANNA)
    assert str(refused.value) == sentence


def test_a_price_without_a_sign_is_of_the_places_country_or_of_the_persons() -> None:
    assert said("under 50", Speaker(ANNA.today, "Asia/Tokyo"))["max_price"] == Money("JPY", 50)
    assert said("under 50 near Zurich", ANNA)["max_price"] == Money("CHF", 5000)
    assert said("under 50", Speaker(ANNA.today, "UTC"))["max_price"] == Money("EUR", 5000)


def test_in_america_the_month_comes_first() -> None:
    assert said("12/5", Speaker(ANNA.today, "America/New_York"))["days"] == Days(date(2026, 12, 5), date(2026, 12, 5))
    assert said("12/5", Speaker(ANNA.today, "Europe/London"))["days"] == Days(date(2027, 5, 12), date(2027, 5, 12))
    assert said("12/5", Speaker(ANNA.today, "Europe/Berlin", "en-US"))["days"] == said("5.12.")["days"]


def test_a_later_sentence_changes_what_it_speaks_of_and_leaves_the_rest() -> None:
    first = read_wish("cardiologist near Berlin tomorrow under 60", ANNA)
    then = first.refined(read_wish("online, under 40", ANNA))
    assert (then.specialty, then.days, then.mode, then.max_price) == (
        "cardiology", TOMORROW, Mode.ONLINE, Money("EUR", 4000),
    )  # fmt: skip


def test_nothing_understood_is_nothing() -> None:
    assert Wanted(rest="blargh").empty
    assert read_wish("thanks for nothing", ANNA).empty
    assert read_wish("🙂 دكتور", ANNA).empty


@pytest.mark.parametrize("word", ["mon ", "minutes ", "between 9 and ", "xylophone "])
def test_a_message_as_long_as_can_be_is_searched_for_places_no_longer_than_a_sentence(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    asked = Mock(return_value=None)
    monkeypatch.setattr(whereabouts, "find_place", asked)
    read_wish(word * 1000, ANNA)
    assert asked.call_count < 200
    assert sum(call.kwargs.get("misspelt", True) for call in asked.call_args_list) < 80
