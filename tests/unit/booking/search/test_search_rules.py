"""How offers are ordered and wishes widened."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.directory.model import Mode, Payment, Service
from booking.directory.places import Place, km
from booking.search.model import Relaxed, Wish
from booking.search.rules import Candidate, Tier, box, key, relax, tiers, time_of_day, widenings
from core.money import Money

BERLIN = Place("Berlin", "DE", 52.52, 13.41, "Europe/Berlin")
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def candidate(
    n: int,
    *,
    mode: Mode = Mode.IN_PERSON,
    price: int = 50,
    currency: str = "EUR",
    distance: float | None = None,
    timezone: str = "Europe/Berlin",
) -> Candidate:
    service = Service(
        UUID(int=n), UUID(int=n), UUID(int=n), "A visit", "cardiology", 30, 0, 0, 30, 0, 60, mode,
        Money(currency, price * 100), Payment.DESK, active=True,
    )  # fmt: skip
    return Candidate(service, distance, timezone, NOW)


def order(wish: Wish, *candidates: Candidate) -> list[list[int]]:
    """Where all are free at the same time."""

    def belongs(tier: Tier, each: Candidate) -> bool:
        near = each.distance_km is not None and each.distance_km <= wish.radius_km
        same = each.service.price.currency == wish.currency
        return tier.mode in {None, each.service.mode} and tier.near in {None, near} and tier.currency in {None, same}

    there = ([each for each in candidates if belongs(tier, each)] for tier in tiers(wish))
    found = [
        [each.service.id.int for each in sorted(some, key=lambda each: key(wish, tier, each, NOW))]
        for tier, some in zip(tiers(wish), there, strict=True)
    ]
    return [some for some in found if some]


degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(degrees, degrees, st.floats(0.1, 3000))
def test_a_box_holds_every_point_within_the_distance(
    one: tuple[float, float], other: tuple[float, float], radius: float
) -> None:
    area = box(*one, radius)
    inside = area.south <= other[0] <= area.north and (
        area.west <= other[1] <= area.east if area.west <= area.east else other[1] >= area.west or other[1] <= area.east
    )
    # A hair's breadth less, for what floats round off.
    assert inside or km(one, other) > radius * (1 - 1e-9) - 1e-6


@pytest.mark.parametrize("longitude", [179.9, -179.9])
def test_a_box_reaches_over_the_date_line(longitude: float) -> None:
    area = box(0, longitude, 50)
    assert area.west > area.east


def test_near_a_place_comes_who_can_be_visited_before_who_is_online() -> None:
    near, online = candidate(1, distance=9), candidate(2, mode=Mode.ONLINE, distance=1, price=10)
    for wish in (Wish(place=BERLIN), Wish(place=BERLIN, sort="nearest"), Wish(place=BERLIN, sort="cheapest")):
        assert order(wish, online, near) == [[1, 2]]
    dollars = candidate(3, distance=9, price=1, currency="USD")
    assert order(Wish(place=BERLIN, sort="cheapest", currency="EUR"), online, dollars, near) == [[1], [3], [2]]


def test_online_at_a_place_comes_the_place_before_the_world() -> None:
    there, far = candidate(1, mode=Mode.ONLINE, distance=24), candidate(2, mode=Mode.ONLINE, distance=26)
    assert order(Wish(place=BERLIN, mode=Mode.ONLINE, sort="cheapest"), far, there) == [[1], [2]]


def test_the_cheapest_comes_first_and_currencies_are_not_mixed() -> None:
    euros = [candidate(1, price=60), candidate(3, price=40), candidate(5)]
    dollars = [candidate(2, price=10, currency="USD"), candidate(4, price=5, currency="USD")]
    assert order(Wish(sort="cheapest", currency="USD"), *dollars, *euros) == [[4, 2], [3, 5, 1]]


def test_of_those_equally_near_the_cheaper_comes_first() -> None:
    found = [candidate(1, distance=3, price=60), candidate(2, distance=3), candidate(3, distance=1, price=90)]
    assert order(Wish(place=BERLIN, sort="nearest"), *found) == [[3, 2, 1]]


def fits(wish: Wish, each: Candidate, start: datetime) -> bool:
    says = time_of_day(wish, [each])
    return says is None or says(each.service, start)


def test_the_time_of_day_is_the_centre_s_in_person_and_the_person_s_online() -> None:
    wish = Wish(after=time(17), timezone="Asia/Kuala_Lumpur")
    five_in_berlin, five_in_malaysia = NOW.replace(hour=16), NOW.replace(hour=9)
    assert fits(wish, candidate(1), five_in_berlin)
    assert not fits(wish, candidate(1), five_in_malaysia)
    assert fits(wish, candidate(1, mode=Mode.ONLINE), five_in_malaysia)
    assert fits(replace(wish, timezone=None), candidate(1, mode=Mode.ONLINE), five_in_berlin)


def test_a_span_of_the_day_has_its_first_minute_and_not_its_last_and_may_go_over_midnight() -> None:
    morning, night = Wish(after=time(8), before=time(12)), Wish(after=time(22), before=time(2))
    hours = [hour for hour in range(24) if fits(morning, candidate(1, timezone="UTC"), NOW.replace(hour=hour))]
    assert hours == [8, 9, 10, 11]
    hours = [hour for hour in range(24) if fits(night, candidate(1, timezone="UTC"), NOW.replace(hour=hour))]
    assert hours == [0, 1, 22, 23]


def test_a_wish_is_widened_by_one_thing_before_two_at_last_to_anywhere_and_never_in_whom_it_is_for() -> None:
    wish = Wish(
        specialty="cardiology", place=BERLIN, max_price=Money("EUR", 1), language="ar", gender="female", name="Osei",
        mode=Mode.IN_PERSON, latest=NOW + timedelta(days=1), insurance="aok",
    )  # fmt: skip
    wider = list(widenings(wish))
    assert [relaxed for _, relaxed in wider][:7] == [
        *((each,) for each in Relaxed if each is not Relaxed.DOCTOR),
        (Relaxed.DISTANCE, Relaxed.PRICE),
    ]
    assert len({each for each, _ in wider[:63]}) == 63
    assert wider[63] == (replace(wish, radius_km=20_100, sort="nearest"), (Relaxed.DISTANCE,))
    assert wider[-1][1] == (Relaxed.DISTANCE, Relaxed.PRICE, Relaxed.TIME, Relaxed.LANGUAGE)
    assert {(each.specialty, each.gender, each.name) for each, _ in wider} == {("cardiology", "female", "Osei")}


def test_what_was_not_wished_for_is_not_relaxed() -> None:
    assert list(widenings(Wish(specialty="cardiology", name="Osei"))) == []
    assert [relaxed for _, relaxed in widenings(Wish(language="ar"))] == [(Relaxed.LANGUAGE,)]


def test_what_is_relaxed_is_shown_with_the_nearest_to_the_wish_first() -> None:
    wish = Wish(place=BERLIN, max_price=Money("EUR", 1), after=time(17), radius_km=10)
    assert relax(wish, Relaxed.DISTANCE) == replace(wish, radius_km=40, sort="nearest")
    assert relax(wish, Relaxed.PRICE) == replace(wish, max_price=None, sort="cheapest")
    assert relax(wish, Relaxed.TIME) == replace(wish, after=None, sort="soonest")
    assert relax(wish, Relaxed.MODE) == replace(wish, mode=Mode.ONLINE)


def test_days_off_are_those_of_the_place_s_clock() -> None:
    monday = NOW.replace(hour=12)
    assert monday.weekday() == 0
    assert not fits(Wish(weekdays_off=frozenset({0})), candidate(1), monday)
    assert fits(Wish(weekdays_off=frozenset({1})), candidate(1), monday)
    assert not fits(Wish(days_off=((monday.date(), monday.date()),)), candidate(1), monday)
    wish = Wish(weekdays_off=frozenset({0}), timezone="Asia/Kuala_Lumpur")
    assert fits(wish, candidate(1, mode=Mode.ONLINE), monday.replace(hour=17))  # past midnight there
    assert relax(wish, Relaxed.TIME).weekdays_off == frozenset()
