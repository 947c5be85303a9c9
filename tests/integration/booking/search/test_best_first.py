"""The best-first search gives the page that looking at everybody would give; and bounds stay below what is free."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from booking.directory.model import Mode, Service
from booking.directory.places import Place
from booking.directory.resources import add_resource
from booking.directory.service import edit_service
from booking.schedules import occupancy
from booking.schedules.service import add_time_off, free_times, free_times_of, remove_time_off
from booking.search.bounds import free_ahead, freed, next_free, refresh
from booking.search.candidates import candidates_for
from booking.search.model import Wish
from booking.search.rules import key, tiers, time_of_day
from booking.search.service import search
from core.database import Tx
from core.ids import new_id
from core.money import Money
from tests.integration.booking.town import NOW, Town, at

BERLIN = Place("Berlin", "DE", 52.52, 13.41, "Europe/Berlin")
HOURS = ("mon-fri 9-17", "tue 9-12", "wed 14-18; thu 8-10", "fri 9-9:30", "mon 20-21", "sat 10-11")
DAY = timedelta(days=1)
_UNKNOWN = text("""
    UPDATE next_free
    SET soonest = '-infinity', stale_at = '-infinity', known_until = '-infinity', ahead_stale_at = '-infinity'
""")

wishes = st.builds(
    Wish,
    specialty=st.just("cardiology"),
    place=st.sampled_from([None, BERLIN]),
    radius_km=st.sampled_from([10.0, 60.0, 700.0]),
    mode=st.sampled_from([None, Mode.ONLINE, Mode.IN_PERSON]),
    max_price=st.sampled_from([None, Money("EUR", 60_00)]),
    earliest=st.sampled_from([None, NOW + DAY, NOW + 9 * DAY, NOW + 15 * DAY - timedelta(hours=13), NOW + 30 * DAY]),
    latest=st.sampled_from([None, NOW + 10 * DAY, NOW + 31 * DAY]),
    after=st.sampled_from([None, time(9), time(16)]),
    timezone=st.sampled_from([None, "Asia/Tokyo"]),
    currency=st.sampled_from([None, "EUR", "GBP"]),
    sort=st.sampled_from(["soonest", "nearest", "cheapest"]),
)


async def naive(tx: Tx, wish: Wish) -> list[tuple[UUID, tuple[datetime, ...]]]:
    """Everybody's times, in order."""
    found: list[tuple[UUID, tuple[datetime, ...]]] = []
    for tier, candidates in zip(tiers(wish), await candidates_for(tx, wish.without_times()), strict=True):
        all_of = [*await candidates.unsure(), *await candidates.take(10_000)]
        start, end = max(tx.now, wish.earliest or tx.now), wish.latest or tx.now + 700 * DAY
        fits = time_of_day(wish, all_of)
        times = await free_times_of(tx, [each.service for each in all_of], start, end, limit=3, fits=fits)
        hits = [(each, tuple(times[each.service.id])) for each in all_of if times[each.service.id]]
        hits.sort(key=lambda hit: key(wish, tier, hit[0], hit[1][0]))
        found += [(each.service.id, starts) for each, starts in hits]
    return found


@pytest.fixture
async def country(town: Town) -> list[Service]:
    """Thirty services of cardiologists in three cities of two currencies, some of them booked out for days."""
    made: list[Service] = []
    centres = [await town.centre(f"Clinic {city}", city) for city in ("Berlin", "Potsdam", "London")]
    for n in range(10):
        centre = centres[n % 3]
        doctor = await town.doctor(centre, f"Dr Number {'ABCDEFGHIJ'[n]}", HOURS[n % len(HOURS)])
        for mode in (Mode.ONLINE, Mode.IN_PERSON):
            how = {"mode": mode, "price": 40 + n * 7 % 50, "window_days": (20, 60, 200)[n % 3]}
            made.append(await town.service(doctor, centre, **how, min_notice_minutes=n % 2 * 300))
        if n % 4 == 0:
            await town.take(made[-1], *((NOW + d * DAY, NOW + (d + 1) * DAY) for d in range(n + 1)))
        if n % 4 == 1:
            await town.take(made[-1], (NOW, NOW + DAY), expires_at=NOW + DAY)
    return made


async def pages_are_the_same(town: Town, wish: Wish) -> None:
    async with town.database.transaction() as tx:
        wanted = await naive(tx, wish)
        if not wanted:
            return
        for page in (0, 1):
            found = await search(tx, wish, page=page, size=4)
            shown = [(offer.service.id, offer.next_times) for offer in found.offers]
            assert shown == wanted[page * 4 : page * 4 + 4]
            assert found.more == (len(wanted) > page * 4 + 4)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(wish=wishes, minutes=st.integers(0, 60 * 24 * 12), refreshed=st.booleans())
async def test_the_first_pages_are_those_of_looking_at_everybody(
    town: Town, country: Sequence[Service], wish: Wish, minutes: int, refreshed: bool
) -> None:
    town.clock.time = NOW
    async with town.database.transaction() as tx:  # the clock went back, which it otherwise does not
        await tx.conn.execute(_UNKNOWN)
    if refreshed:
        async with town.database.transaction() as tx:
            await refresh(tx)
    town.clock.time = NOW + timedelta(minutes=minutes)
    await pages_are_the_same(town, wish)


async def bound(town: Town, service: Service) -> datetime | None:
    """What is known of a service; None: nothing."""
    async with town.database.transaction() as tx:
        if (await tx.conn.execute(select(freed.c.id).where(freed.c.service_id == service.id))).first():
            return None
        known = select(next_free.c.soonest).where(next_free.c.service_id == service.id, text("isfinite(soonest)"))
        return (await tx.conn.execute(known)).scalar_one_or_none()


async def refreshed(town: Town) -> int:
    async with town.database.transaction() as tx:
        return await refresh(tx)


async def first_of(town: Town, service: Service) -> datetime:
    async with town.database.transaction() as tx:
        return (await free_times(tx, service, tx.now, tx.now + 90 * DAY, limit=1))[0]


async def test_a_bound_is_the_next_free_time_and_taking_time_leaves_it(town: Town) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei", "tue 9-17")
    assert await bound(town, service) is None
    await refreshed(town)
    assert await bound(town, service) == at(1, 8) == await first_of(town, service)
    await town.take(service, (at(1, 8), at(1, 9)))
    assert await bound(town, service) == at(1, 8)
    assert await refreshed(town) == 0
    town.clock.time = at(1, 8, 5)
    await refreshed(town)
    assert await bound(town, service) == at(1, 9)


async def test_a_hold_counts_as_free_so_that_its_end_needs_no_notice(town: Town) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei", "tue 9-17")
    await town.take(service, (at(1, 8), at(1, 9)), expires_at=NOW + timedelta(minutes=31))
    await refreshed(town)
    assert await first_of(town, service) == at(1, 9)
    assert await bound(town, service) == at(1, 8)


async def test_whatever_frees_a_time_makes_the_bound_unknown_until_it_is_computed_anew(town: Town) -> None:
    centre = await town.centre()
    doctor = await town.doctor(centre, "Dr Ama Osei", "tue 9-17")
    service = await town.service(doctor, centre)
    actor = await town.paul()
    visit = new_id()

    async def after(change: Any) -> None:
        await refreshed(town)
        assert await bound(town, service) is not None
        async with town.database.transaction() as tx:
            await change(tx)
        assert await bound(town, service) is None, change

    async with town.database.transaction() as tx:
        await occupancy.take(tx, visit, {doctor.id: (at(1, 8), at(1, 9))}, expires_at=None)
        room = await add_resource(tx, town.ctx, actor, centre.id, name="Room", seats=1)
        await edit_service(tx, town.ctx, actor, service.id, resources=[room.id])
        await add_time_off(tx, town.ctx, actor, doctor.id, at(1, 0), at(2, 0))
    await after(lambda tx: occupancy.release(tx, visit))
    await after(lambda tx: remove_time_off(tx, town.ctx, actor, doctor.id, at(1, 0)))
    await after(lambda tx: edit_service(tx, town.ctx, actor, service.id, resources=[]))
    await after(lambda tx: edit_service(tx, town.ctx, actor, service.id, minutes=20))
    await refreshed(town)
    await town.hours(doctor, centre, "mon-fri 9-17")
    assert await bound(town, service) is None


async def test_a_service_that_is_offered_no_more_has_no_bound(town: Town) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei")
    actor = await town.paul()
    async with town.database.transaction() as tx:
        await edit_service(tx, town.ctx, actor, service.id, active=False)
    await refreshed(town)
    async with town.database.transaction() as tx:
        assert not (await tx.conn.execute(select(next_free))).first()
        assert not (await tx.conn.execute(select(freed))).first()


async def ahead(town: Town, service: Service) -> list[datetime]:
    """What is known of the weeks to come; nothing, where it is not known."""
    async with town.database.transaction() as tx:
        known = (
            select(free_ahead.c.starts)
            .join(next_free, next_free.c.service_id == free_ahead.c.service_id)
            .where(free_ahead.c.service_id == service.id, text("isfinite(known_until) AND known_until > '2000-01-01'"))
        )
        return [*(await tx.conn.execute(known.order_by(free_ahead.c.starts))).scalars()]


async def test_of_the_weeks_to_come_the_first_start_of_each_stretch_is_known(town: Town) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei", "tue 9-17", window_days=10)
    await town.take(service, (at(1, 8), at(1, 9)))
    assert await ahead(town, service) == []
    await refreshed(town)
    # By UTC, in stretches of six hours; behind the window everything is unknown.
    expected = [at(1, 9), at(1, 12), at(8, 8), at(8, 12), NOW + 10 * DAY]
    assert await ahead(town, service) == expected
    await town.take(service, (at(8, 8), at(8, 16)))
    assert await ahead(town, service) == expected
    assert await refreshed(town) == 0
    town.clock.time += DAY
    await refreshed(town)
    assert await ahead(town, service) == [await first_of(town, service), at(1, 12), NOW + 11 * DAY]


async def test_what_is_freed_in_the_weeks_to_come_is_found_at_once_and_known_again_later(town: Town) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei", "tue 9-17")
    other = await town.offer(centre, "Dr Ben Osei", "wed 9-17")
    wish = Wish(specialty="cardiology", earliest=at(7, 0))
    visit = new_id()
    async with town.database.transaction() as tx:
        await occupancy.take(tx, visit, {service.practitioner_id: (at(8, 8), at(8, 16))}, expires_at=None)
    await refreshed(town)

    async def first() -> tuple[UUID, datetime]:
        async with town.database.transaction() as tx:
            offer = (await search(tx, wish)).offers[0]
            return offer.service.id, offer.next_times[0]

    assert await first() == (other.id, at(9, 8))
    async with town.database.transaction() as tx:
        await occupancy.release(tx, visit)
    assert await first() == (service.id, at(8, 8))
    await refreshed(town)
    assert at(8, 8) in await ahead(town, service)
    assert await first() == (service.id, at(8, 8))
