"""Specialties, places and names are found as people write them, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.directory.names import names_match, trigrams
from booking.directory.places import find_place, km
from booking.directory.specialties import SPECIALTIES, specialty_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cardiologist near Berlin", "cardiology"),
        ("I need a heart doctor", "cardiology"),
        ("Kardiologe", "cardiology"),
        ("cardiologst", "cardiology"),
        ("dermatologists in Munich", "dermatology"),
        ("something for my skin", "dermatology"),
        ("ear, nose and throat", "ent"),
        ("Augenarzt", "ophthalmology"),
        ("pediatrician for tomorrow", "paediatrics"),
        ("GP", "general-practice"),
        ("psychologist", "psychotherapy"),
        ("Orthopäde", "orthopaedics"),
    ],
)
def test_a_specialty_is_found_by_the_words_people_use(text: str, code: str) -> None:
    assert specialty_of(text) == code


@pytest.mark.parametrize(
    "text", ["", "near Berlin tomorrow under 60", "english speaking", "hello", "Heidelberg", "Bonn"]
)
def test_nothing_else_is_taken_for_a_specialty(text: str) -> None:
    assert specialty_of(text) is None


def test_there_are_at_least_fifteen_and_each_is_found_by_its_own_names() -> None:
    assert len(SPECIALTIES) >= 15
    for specialty in SPECIALTIES.values():
        assert specialty_of(specialty.label) == specialty_of(specialty.profession) == specialty.code


@pytest.mark.parametrize(
    ("text", "name", "country"),
    [
        ("berlin", "Berlin", "DE"),
        ("München", "Munich", "DE"),
        ("Wien", "Vienna", "AT"),
        ("KL", "Kuala Lumpur", "MY"),
        ("Kuala Lumpur", "Kuala Lumpur", "MY"),
        ("frankfurt", "Frankfurt am Main", "DE"),
        ("frankfrut", "Frankfurt am Main", "DE"),
        ("Genf", "Geneva", "CH"),
        ("St. Gallen", "Sankt Gallen", "CH"),
        ("Москва", "Moscow", "RU"),
        ("Hambrug", "Hamburg", "DE"),
        ("berlim", "Berlin", "DE"),
        ("Paris", "Paris", "FR"),
    ],
)
def test_a_place_is_found_in_any_common_spelling(text: str, name: str, country: str) -> None:
    place = find_place(text)
    assert place
    assert (place.name, place.country) == (name, country)


@pytest.mark.parametrize("text", ["", "the", "under", "doctor", "tomorrow", "online", "cheapest", "english", "x" * 500])
def test_other_words_are_no_places(text: str) -> None:
    assert find_place(text) is None


@given(st.text(max_size=30))
def test_no_text_whatever_breaks_the_lookups(text: str) -> None:
    find_place(text)
    specialty_of(text)
    names_match(text, "Dr Ama Osei", "dr.osei")
    trigrams(text)


def test_distances_are_those_of_the_map() -> None:
    berlin, munich = find_place("Berlin"), find_place("Munich")
    assert berlin
    assert munich
    assert 500 < km((berlin.latitude, berlin.longitude), (munich.latitude, munich.longitude)) < 510


@pytest.mark.parametrize("text", ["dr osei", "osei", "Dr. Osei", "dr.osei", "Ama Osei", "OSEI", "dr osey ama"])
def test_a_doctor_is_found_by_any_part_of_the_name(text: str) -> None:
    assert names_match(text, "Dr Ama Osei", "dr.osei") >= 74


@pytest.mark.parametrize("text", ["dr", "", "dr smith", "ama smith", "dr anna weber"])
def test_another_name_is_another_doctor(text: str) -> None:
    assert names_match(text, "Dr Ama Osei", "dr.osei") < 74
