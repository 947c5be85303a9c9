"""A search finds what was wished for, in the order that was wished for, and what comes nearest when nothing fits."""

import asyncio
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from booking.directory.model import Mode
from booking.directory.places import Place, find_place
from booking.directory.service import edit_service
from booking.search.bounds import refresh
from booking.search.service import Found, Offer, Relaxed, Wish, search
from core.errors import BadInputError
from core.money import Money
from core.statements import Statement
from tests.integration.booking.town import NOW, Town, at
from tests.integration.plans import planned_often


def place(name: str) -> Place:
    found = find_place(name)
    assert found
    return found


BERLIN, POTSDAM = place("Berlin"), place("Potsdam")
SIXTY = Money("EUR", 60_00)


async def find(town: Town, wish: Wish, **how: int) -> Found:
    async with town.database.transaction() as tx:
        return await search(tx, wish, **how)


def names(offers: Sequence[Offer] | Found) -> list[str]:
    return [each.practitioner.name for each in (offers.offers if isinstance(offers, Found) else offers)]


@pytest.fixture
async def doctors(town: Town) -> Town:
    """Berlin: two for the heart, one for the skin; Potsdam, Munich and London: one each for the heart."""
    berlin, potsdam = await town.centre(), await town.centre("Lake Clinic", "Potsdam")
    munich, london = await town.centre("Isar Clinic", "Munich"), await town.centre("Thames Clinic", "London")
    await town.offer(berlin, "Dr Ama Osei", "tue 9-17", price=90)
    await town.offer(berlin, "Dr Ben Adler", "wed 9-17", price=50, gender="male", languages=["de"])
    await town.offer(berlin, "Dr Skye Haut", "tue 9-17", specialty="skin")
    await town.offer(potsdam, "Dr Lea See", "mon-fri 9-17", price=70, languages=["de", "ar"])
    await town.offer(munich, "Dr Max Isar", "mon-fri 9-17", price=30, mode=Mode.ONLINE)
    await town.offer(london, "Dr Tom Thames", "mon-fri 9-17", price=40, gender="male", mode=Mode.ONLINE)
    return town


async def test_an_offer_has_all_that_is_needed_to_choose(doctors: Town) -> None:
    found = await find(doctors, Wish(specialty="cardiology", place=BERLIN, radius_km=10))
    first = found.offers[0]
    assert (first.practitioner.name, first.centre.name) == ("Dr Ama Osei", "Heart Centre")
    assert first.service.price == Money("EUR", 90_00)
    assert first.distance_km is not None
    assert first.distance_km < 1
    assert first.next_times == (at(1, 8), at(1, 8, 30), at(1, 9))
    assert names(found) == ["Dr Ama Osei", "Dr Ben Adler"]
    assert (found.more, found.widened, found.relaxed) == (False, None, ())


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(specialty="dermatology"), ["Dr Skye Haut"]),
        (Wish(specialty="cardiology", gender="male"), ["Dr Tom Thames", "Dr Ben Adler"]),
        (Wish(specialty="cardiology", language="ar"), ["Dr Lea See"]),
        (Wish(mode=Mode.ONLINE, max_price=Money("EUR", 60_00)), ["Dr Max Isar"]),
        (Wish(max_price=Money("GBP", 60_00)), ["Dr Tom Thames"]),
        (Wish(name="osei"), ["Dr Ama Osei"]),
        (Wish(name="Dr Adlr"), ["Dr Ben Adler"]),
        (Wish(name="lake clinic"), ["Dr Lea See"]),
        (Wish(place=BERLIN, specialty="cardiology", radius_km=60, sort="nearest"),
         ["Dr Ben Adler", "Dr Ama Osei", "Dr Lea See"]),
        (Wish(place=BERLIN, specialty="cardiology", radius_km=60, sort="cheapest"),
         ["Dr Ben Adler", "Dr Lea See", "Dr Ama Osei"]),
        (Wish(place=BERLIN, specialty="cardiology", radius_km=60), ["Dr Lea See", "Dr Ama Osei", "Dr Ben Adler"]),
        (Wish(place=BERLIN, mode=Mode.ONLINE, sort="nearest"), ["Dr Max Isar", "Dr Tom Thames"]),
        (Wish(place=BERLIN, earliest=at(2, 0), latest=at(3, 0), specialty="cardiology"), ["Dr Ben Adler"]),
        (Wish(specialty="cardiology", earliest=at(5, 0), latest=at(10, 0), sort="cheapest", max_price=SIXTY),
         ["Dr Max Isar", "Dr Ben Adler"]),
    ],
)  # fmt: skip
async def test_what_is_found_is_what_was_wished_for(doctors: Town, wish: Wish, expected: list[str]) -> None:
    found = await find(doctors, wish)
    assert (names(found), found.widened) == (expected, None)


@pytest.mark.parametrize("sort", ["soonest", "nearest", "cheapest"])
async def test_near_a_place_the_visit_in_person_is_first_however_many_are_sooner_online(town: Town, sort: Any) -> None:
    berlin, potsdam = await town.centre(), await town.centre("Lake Clinic", "Potsdam")
    for n in range(6):
        await town.offer(berlin, f"Dr Number {n}", "mon-fri 9-17", price=10, mode=Mode.ONLINE)
    await town.offer(potsdam, "Dr Lea See", "fri 9-17", price=70)
    async with town.database.transaction() as tx:
        await refresh(tx)
    wish = Wish(specialty="cardiology", place=BERLIN, radius_km=60, sort=sort)
    assert names(await find(town, wish, size=1)) == ["Dr Lea See"]
    assert "Dr Lea See" not in names(await find(town, wish, page=1, size=1))


async def test_a_misspelt_name_does_not_hide_the_one_that_is_spelt_so(town: Town) -> None:
    centre = await town.centre()
    for name in ("Dr Ama Osei", "Dr Kofi Osei", "Dr Jan Oseki"):
        await town.offer(centre, name)
    assert set(names(await find(town, Wish(name="dr osei")))) == {"Dr Ama Osei", "Dr Kofi Osei"}
    assert names(await find(town, Wish(name="oseki"))) == ["Dr Jan Oseki"]


async def test_times_fit_the_wish_not_only_the_doctor(doctors: Town) -> None:
    wish = Wish(specialty="cardiology", place=BERLIN, after=time(15), before=time(16), timezone="Asia/Tokyo")
    found = await find(doctors, wish)
    assert [each.next_times for each in found.offers] == [
        (at(1, 14), at(1, 14, 30), at(8, 14)),
        (at(2, 14), at(2, 14, 30), at(9, 14)),
    ]


async def test_a_time_that_is_taken_is_not_offered_and_who_has_none_is_not_found(doctors: Town) -> None:
    found = await find(doctors, Wish(name="Osei"))
    await doctors.take(found.offers[0].service, (at(1, 8), at(1, 15)))
    wish = Wish(name="Osei", earliest=at(1, 0), latest=at(2, 0))
    assert (await find(doctors, wish)).offers[0].next_times == (at(1, 15), at(1, 15, 30))
    await doctors.take(found.offers[0].service, (at(1, 15), at(1, 16)))
    found = await find(doctors, wish)
    assert found.relaxed == (Relaxed.TIME,)
    assert found.offers[0].next_times[0] == at(8, 8)


async def test_the_soonest_is_found_however_far_ahead_it_is(town: Town) -> None:
    centre = await town.centre()
    later = await town.doctor(centre, "Dr Late", "closed")
    await town.hours(later, centre, "mon-fri 9-17", (NOW + timedelta(days=200)).date())
    await town.service(later, centre, window_days=300)
    await town.offer(centre, "Dr Soon", "fri 9-17")
    found = await find(town, Wish(specialty="cardiology"))
    assert names(found) == ["Dr Soon", "Dr Late"]
    assert found.offers[1].next_times[0] > NOW + timedelta(days=199)


async def test_nothing_beyond_the_booking_window_is_offered(town: Town) -> None:
    centre = await town.centre()
    await town.offer(centre, "Dr Ama Osei", "fri 9-17", window_days=2)
    assert await find(town, Wish(specialty="cardiology")) == Found((), more=False)


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(town: Town) -> None:
    centre = await town.centre()
    for n in range(7):
        await town.offer(centre, f"Dr Number {'ABCDEFG'[n]}", "mon-fri 9-17", price=50 - n)
    for sort in ("soonest", "nearest", "cheapest"):
        wish = Wish(specialty="cardiology", place=BERLIN, sort=sort)
        pages = [await find(town, wish, page=page, size=3) for page in range(4)]
        assert [len(page.offers) for page in pages] == [3, 3, 1, 0]
        assert [page.more for page in pages] == [True, True, False, False]
        assert len({name for page in pages for name in names(page)}) == 7
    assert names(pages[0]) == ["Dr Number G", "Dr Number F", "Dr Number E"]


@pytest.mark.parametrize(
    ("wish", "relaxed", "expected"),
    [
        (Wish(specialty="cardiology", place=POTSDAM, radius_km=10, gender="male"), (Relaxed.DISTANCE,),
         ["Dr Ben Adler"]),
        (Wish(specialty="cardiology", place=BERLIN, radius_km=10, max_price=Money("EUR", 20_00)), (Relaxed.PRICE,),
         ["Dr Ben Adler", "Dr Ama Osei"]),
        (Wish(specialty="cardiology", place=BERLIN, radius_km=10, after=time(20)), (Relaxed.TIME,),
         ["Dr Ama Osei", "Dr Ben Adler"]),
        (Wish(specialty="cardiology", place=BERLIN, radius_km=10, language="fr"), (Relaxed.LANGUAGE,),
         ["Dr Ama Osei", "Dr Ben Adler"]),
        (Wish(specialty="dermatology", place=BERLIN, mode=Mode.ONLINE), (Relaxed.MODE,), ["Dr Skye Haut"]),
        (Wish(specialty="cardiology", place=place("Lisbon"), gender="female"), (Relaxed.MODE,), ["Dr Max Isar"]),
        (Wish(specialty="dermatology", place=place("Hamburg")), (Relaxed.DISTANCE,), ["Dr Skye Haut"]),
        (Wish(specialty="dermatology", place=place("Hamburg"), max_price=Money("EUR", 1)),
         (Relaxed.DISTANCE, Relaxed.PRICE), ["Dr Skye Haut"]),
        (Wish(specialty="cardiology", place=BERLIN, radius_km=10, language="fr", max_price=SIXTY, gender="female"),
         (Relaxed.PRICE, Relaxed.LANGUAGE), ["Dr Ama Osei"]),
    ],
)  # fmt: skip
async def test_when_nothing_fits_the_nearest_to_the_wish_is_offered_and_said_to_be(
    doctors: Town, wish: Wish, relaxed: tuple[Relaxed, ...], expected: list[str]
) -> None:
    found = await find(doctors, wish)
    assert (found.relaxed, names(found)) == (relaxed, expected)
    assert found.widened is not None
    again = await find(doctors, found.widened)
    assert (again.offers, again.widened) == (found.offers, None), "the widened wish is one to page on with"


async def test_what_there_is_nowhere_is_not_found(doctors: Town) -> None:
    for wish in (Wish(specialty="oncology", place=BERLIN), Wish(name="Zzyzx"), Wish(name="Osei", gender="male")):
        assert await find(doctors, wish) == Found((), more=False)


async def test_a_service_that_is_no_longer_offered_is_not_found(doctors: Town) -> None:
    service = (await find(doctors, Wish(name="Osei"))).offers[0].service
    actor = await doctors.paul()
    async with doctors.database.transaction() as tx:
        await edit_service(tx, doctors.ctx, actor, service.id, active=False)
    assert await find(doctors, Wish(name="Osei")) == Found((), more=False)


async def test_a_wish_that_nothing_can_fit_is_refused_with_a_sentence(doctors: Town) -> None:
    for wish in (
        Wish(place=BERLIN, radius_km=0),
        Wish(place=BERLIN, radius_km=-1),
        Wish(earliest=at(2, 0), latest=at(1, 0)),
    ):
        with pytest.raises(BadInputError):
            await find(doctors, wish)


async def queries(town: Town, wish: Wish, monkeypatch: pytest.MonkeyPatch) -> int:
    asked: list[object] = []
    me = asyncio.current_task()  # others tell replicas of what was committed before
    engine = town.database.engine.sync_engine
    run = Statement.run

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    async def noted(statement: Statement, *given: Any) -> Any:
        if asyncio.current_task() is me:
            asked.append(statement)
        return await run(statement, *given)

    event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(Statement, "run", noted)
    await find(town, wish)
    monkeypatch.undo()
    event.remove(engine, "before_cursor_execute", note)
    return len(asked)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(specialty="cardiology", place=BERLIN),
        Wish(specialty="cardiology", earliest=NOW + timedelta(days=8, hours=-11)),  # midnight, a week ahead
    ],
)
async def test_the_number_of_queries_does_not_grow_with_the_number_of_those_found(
    town: Town, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = await town.centre()
    counts = []
    for n in range(36):
        await town.offer(centre, f"Dr Number {n}", "mon-fri 9-17")
        if n in {11, 35}:  # more than are looked at for a page
            async with town.database.transaction() as tx:
                await refresh(tx)
            counts.append(await queries(town, wish, monkeypatch))
    assert counts[0] == counts[1]


async def test_what_a_search_asks_is_not_planned_anew_each_time(doctors: Town) -> None:
    async with doctors.database.transaction() as tx:
        for _ in range(10):
            assert (await search(tx, Wish(specialty="cardiology", place=BERLIN))).offers
        assert await planned_often(tx) == []
