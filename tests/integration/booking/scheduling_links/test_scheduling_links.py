"""Scheduling Links as a finder elsewhere reads them: from the manifest to the page on which a time is booked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fhir.resources.R4B.location import Location
from fhir.resources.R4B.schedule import Schedule
from fhir.resources.R4B.slot import Slot

from booking.directory.service import list_practitioner
from booking.scheduling_links.routes import routes
from booking.web import routes as pages
from tests.integration.booking.town import Town, at

Finder = TestClient[web.Request, web.Application]
SITE = "http://127.0.0.1:8100"


@pytest.fixture
async def finder(town: Town) -> AsyncIterator[Finder]:
    app = web.Application()
    app.add_routes([*routes(town.database, town.ctx), *pages(town.database, town.ctx)])
    async with TestClient(TestServer(app)) as client:
        yield client


async def lines(finder: Finder, url: str) -> list[dict[str, Any]]:
    answer = await finder.get(url.removeprefix(SITE))
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/fhir+ndjson")
    return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_the_manifest_leads_to_places_services_and_free_times(town: Town, finder: Finder) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei")
    await town.take(service, (at(1, 8), at(1, 9)))

    answer = await finder.get("/scheduling-links/$bulk-publish")
    manifest = await answer.json()

    assert manifest["transactionTime"] == "2026-11-30T09:00:00Z"
    assert manifest["request"] == f"{SITE}/scheduling-links/$bulk-publish"
    by_type = {each["type"]: each["url"] for each in manifest["output"]}
    [place] = [Location(**each) for each in await lines(finder, by_type["Location"])]
    [offered] = [Schedule(**each) for each in await lines(finder, by_type["Schedule"])]
    slots = [Slot(**each) for each in await lines(finder, by_type["Slot"])]
    assert (place.name, place.address.city) == ("Heart Centre", "Berlin")
    assert offered.actor[0].reference == f"Location/{place.id}"
    assert {slot.schedule.reference for slot in slots} == {f"Schedule/{offered.id}"}
    starts = [slot.start for slot in slots]
    assert at(1, 9) in starts
    assert at(1, 8) not in starts
    assert len({slot.id for slot in slots}) == len(slots)
    link = next(each for each in slots[0].extension if each.url.endswith("/booking-deep-link")).valueUrl
    page = await (await finder.get(f"{link.removeprefix(SITE)}?source=finder")).text()
    assert '<code dir="ltr">book dr.osei 30.11. 10:00 in-person Europe/Berlin</code>' in page


async def test_a_time_that_was_taken_since_says_so(town: Town, finder: Finder) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei")
    await town.take(service, (at(1, 8), at(1, 9)))

    page = await (await finder.get(f"/book/{service.id}/20261201T0800Z")).text()

    assert "not free any more" in page
    assert (await finder.get(f"/book/{service.practitioner_id}/20261201T0800Z")).status == 404
    assert (await finder.get(f"/book/{service.id}/20261301T0800Z")).status == 404


async def test_who_is_not_listed_is_not_published(town: Town, finder: Finder) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei")
    async with town.database.transaction() as tx:
        await list_practitioner(tx, town.ctx, await town.paul(), service.practitioner_id, listed=False)

    manifest = await (await finder.get("/scheduling-links/$bulk-publish")).json()

    assert [each["type"] for each in manifest["output"]] == ["Location", "Schedule"]
    assert await lines(finder, "/scheduling-links/locations.ndjson") == []
    assert (await finder.get("/scheduling-links/slots/nowhere.ndjson")).status == 404


async def test_what_is_published_is_kept_for_a_while_and_not_sent_twice(town: Town, finder: Finder) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei")
    url = "/scheduling-links/locations.ndjson"
    first = await finder.get(url)
    await town.offer(await town.centre("Lung Centre"), "Dr Jonas Weber")

    assert (await finder.get(url, headers={"If-None-Match": first.headers["ETag"]})).status == 304
    town.clock.time = at(1, 9)
    assert len(await lines(finder, url)) == 2


async def test_the_page_of_a_visit_says_how_to_reach_it_and_nothing_else(town: Town, finder: Finder) -> None:
    page = await (await finder.get("/visits/K7QM3F")).text()

    assert '<code dir="ltr">move K7QM3F</code>' in page
    assert "https://matrix.to/#/@careconnect:localhost" in page
    assert (await finder.get("/visits/nothing")).status == 404
