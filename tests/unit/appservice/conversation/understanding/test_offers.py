"""What a service is like is read as its centre writes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.conversation.understanding.offers import Terms, read_terms
from appservice.conversation.understanding.text import Reading
from booking.directory.model import Mode, Patients, Payment

ROOMS = ["Ultrasound", "Room 3"]


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("30 min 60 online", {"minutes": 30, "mode": Mode.ONLINE}, ["60"]),
        ("1 h €60 in person", {"minutes": 60, "mode": Mode.IN_PERSON}, ["€60"]),
        ("30 min 60 pay at the desk", {"minutes": 30, "payment": Payment.DESK}, ["60"]),
        ("paid in advance", {"payment": Payment.PREPAY}, []),
        ("group of 8", {"capacity": 8}, []),
        ("no group", {"capacity": 1}, []),
        ("needs approval", {"approval": True}, []),
        ("no approval", {"approval": False}, []),
        ("5 min before, 10 min after", {"buffer_before": 5, "buffer_after": 10}, []),
        ("notice 2 h", {"min_notice_minutes": 120}, []),
        ("1 day notice", {"min_notice_minutes": 1440}, []),
        ("no notice", {"min_notice_minutes": 0}, []),
        ("90 days ahead", {"window_days": 90}, []),
        ("2 weeks in advance", {"window_days": 14}, []),
        ("notice 1 day, 30 days ahead", {"min_notice_minutes": 1440, "window_days": 30}, []),
        ("every 15 min, 30 min", {"grid_minutes": 15, "minutes": 30}, []),
        ("for new patients", {"patients": Patients.NEW}, []),
        ("known patients only", {"patients": Patients.KNOWN}, []),
        ("for existing patients", {"patients": Patients.KNOWN}, []),
        ("for new and known patients", {"patients": Patients.ALL}, []),
        ("blue", {}, ["blue"]),
    ],
)
def test_terms_are_read_as_people_say_them(text: str, values: dict[str, Any], left: list[str]) -> None:
    words = Reading(text)
    assert read_terms(words, ROOMS).values == values
    assert words.words() == left


@pytest.mark.parametrize(
    ("text", "along", "without"),
    [
        ("with Ultrasound", ["Ultrasound"], []),
        ("with ultrasound and room 3, needs approval", ["ultrasound", "room 3"], []),
        ('with the "Room 3"', ["Room 3"], []),
        ("with Room 3, Ultrasound", ["Room 3", "Ultrasound"], []),
        ("without Room 3", [], ["Room 3"]),
        ("with Ultrasound without Room 3", ["Ultrasound"], ["Room 3"]),
        ("with Laser", ["Laser"], []),
        ('with "Big Laser"', ["Big Laser"], []),
    ],
)
def test_rooms_and_devices_are_read_by_their_names(text: str, along: list[str], without: list[str]) -> None:
    words = Reading(text)
    terms = read_terms(words, ROOMS)
    assert (terms.along, terms.without) == (along, without)
    assert words.words() == []


def test_a_new_name_and_a_price_are_said_by_their_words() -> None:
    words = Reading('name "Big visit", price 70 EUR')
    assert read_terms(words) == Terms({}, price="70 EUR", name="Big visit")
    assert words.words() == []
    assert read_terms(Reading("free")).price == "0"


@given(st.text(alphabet='0123456789 minhdayswek,.with"out goupfappvl€-', max_size=60))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    read_terms(Reading(text), ROOMS)
