"""The public pages as a browser without JavaScript gets them."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from booking.directory.model import Mode
from booking.directory.service import list_practitioner
from booking.staff.inviting import invite_admin
from booking.web import routes
from tests.integration.booking.town import Town

Browser = TestClient[web.Request, web.Application]


@pytest.fixture
async def browser(town: Town) -> AsyncIterator[Browser]:
    app = web.Application()
    app.add_routes(routes(town.database, town.ctx))
    async with TestClient(TestServer(app)) as client:
        yield client


async def text(answer: aiohttp.ClientResponse) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text())))


def words(page: str) -> list[str]:
    return re.findall(r'<code dir="ltr">(book [^<]*)</code>', page)


async def test_the_first_page_asks_and_searches_nothing(town: Town, browser: Browser) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei")

    answer = await browser.get("/")

    assert answer.status == 200
    page = await answer.text()
    assert '<form action="/" method="get"' in page
    assert "Dr Ama Osei" not in page


async def test_a_search_shows_offers_with_their_next_times_and_the_words_to_send(town: Town, browser: Browser) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei")

    answer = await browser.get(
        "/", params={"specialty": "heart", "place": "Berlin", "price": "60", "mode": "in-person"}
    )

    assert answer.status == 200
    page = await answer.text()
    # Monday 9:00 in UTC is 10:00 in Berlin.
    assert words(page) == [
        f"book dr.osei 30.11. {clock} in-person Europe/Berlin" for clock in ("10:00", "10:30", "11:00")
    ]
    assert "€50.00" in page
    assert "https://matrix.to/#/@careconnect:localhost" in page
    assert 'datetime="2026-11-30T10:00+01:00"' in page


async def test_when_nothing_fits_the_nearest_is_shown_and_what_differs(town: Town, browser: Browser) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei", price=90)

    shown = await text(await browser.get("/", params={"specialty": "heart", "place": "Berlin", "price": "60"}))

    assert "Nothing fits all of that. This comes nearest, at a higher price" in shown
    assert "Dr Ama Osei" in shown


async def test_long_lists_have_pages(town: Town, browser: Browser) -> None:
    at = await town.centre()
    for name in "Adu Boa Cissé Diop Eze Fall".split():
        await town.offer(at, f"Dr Ama {name}")

    first = await (await browser.get("/", params={"specialty": "heart"})).text()
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = await (await browser.get(html.unescape(link[1]))).text()

    assert (first.count("<article"), second.count("<article")) == (5, 1)
    assert 'rel="prev"' in second


@pytest.mark.parametrize(
    "query", ["specialty=zzzzz", "place=zzzzzz", "price=60", "specialty=heart&page=x", "language=%00"]
)
async def test_a_query_that_cannot_be_read_gets_a_sentence(browser: Browser, query: str) -> None:
    answer = await browser.get(f"/?{query}")

    assert answer.status == 400
    assert 'role="alert"' in await answer.text()


async def test_markup_in_a_query_stays_text(browser: Browser) -> None:
    answer = await browser.get("/", params={"specialty": '"><script>alert(1)</script>'})

    assert "<script" not in await answer.text()
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "what", "why"),
    [
        ("/nowhere", "There is no such page", "The address may be misspelt."),
        ("/doctors/nobody/at/all", "There is no such page", "The address may be misspelt."),
        ("/doctors/nobody", "There is no such doctor", "The address may be misspelt."),
        ("/join/ABCD-EFGH", "There is no such invitation", "Ask who invited you for a new one."),
        (f"/book/{'0' * 8}-0000-0000-0000-{'0' * 12}/20261201T0900Z", "There is no such time", "offered no more"),
    ],
)
async def test_an_address_that_leads_nowhere_has_a_page_that_says_what_to_do(
    browser: Browser, path: str, what: str, why: str
) -> None:
    answer = await browser.get(path)

    assert answer.status == 404
    shown = await text(answer)
    assert what in shown
    assert why in shown
    assert "Search for a doctor" in shown
    german = await text(await browser.get(path, headers={"Accept-Language": "de"}))
    assert what not in german


async def test_what_programs_ask_for_gets_no_page(browser: Browser) -> None:
    answer = await browser.get("/_matrix/app/v1/nothing")

    assert answer.status == 404
    assert answer.content_type == "text/plain"


@pytest.mark.parametrize("path", ["/", "/doctors/nobody", "/join/0000", "/pages.css"])
async def test_no_page_is_shown_within_another_site(browser: Browser, path: str) -> None:
    answer = await browser.get(path)

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_doctor_has_two_weeks_on_the_clock_of_the_centre(town: Town, browser: Browser) -> None:
    at = await town.centre("Tokyo Clinic", "Tokyo")
    doctor = await town.doctor(at, "Dr Aiko Sato", "mon 9-10")
    await town.service(doctor, at)

    page = await (await browser.get("/doctors/dr.sato")).text()

    # It is Monday evening in Tokyo: this week's hours are over, and the week after next is further than two weeks.
    assert words(page) == [
        f"book dr.sato {day} {clock} Asia/Tokyo" for day in ("7.12.", "14.12.") for clock in ("09:00", "09:30")
    ]
    assert "Asia/Tokyo" in page
    assert "+09:00" in page


async def test_words_say_online_or_in_person_where_a_doctor_does_both(town: Town, browser: Browser) -> None:
    at = await town.centre()
    doctor = await town.doctor(at)
    await town.service(doctor, at)
    await town.service(doctor, at, mode=Mode.ONLINE)

    page = await (await browser.get("/doctors/dr.osei")).text()

    assert {each.split()[-2] for each in words(page)} == {"online", "in-person"}


async def test_a_taken_time_is_not_shown(town: Town, browser: Browser) -> None:
    service = await town.offer(await town.centre(), "Dr Ama Osei")
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    before = await (await browser.get("/doctors/dr.osei")).text()

    await town.take(service, (start, start + timedelta(minutes=30)))

    after = await (await browser.get("/doctors/dr.osei")).text()
    assert set(words(before)) - set(words(after)) == {"book dr.osei 1.12. 10:00 Europe/Berlin"}


async def test_a_centre_shows_who_works_there(town: Town, browser: Browser) -> None:
    at = await town.centre()
    await town.offer(at, "Dr Ama Osei")
    await town.offer(at, "Dr Ben Adler", specialty="skin")

    shown = await text(await browser.get(f"/centres/{at.slug}"))

    assert "Dr Ama Osei" in shown
    assert "Dermatology" in shown
    assert "Cancelling is free until" in shown


@pytest.mark.parametrize("path", ["/doctors/nobody", "/centres/nowhere", "/doctors/%F0%9F%98%80", "/doctors/%00"])
async def test_an_unknown_name_says_so(browser: Browser, path: str) -> None:
    answer = await browser.get(path)

    assert answer.status == 404
    assert "There is no such" in await answer.text()


async def test_a_page_sets_no_cookie_and_sends_no_address_on(town: Town, browser: Browser) -> None:
    answer = await browser.get("/")

    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert (await browser.get("/pages.css")).content_type == "text/css"


async def test_who_was_invited_finds_the_way_in_and_nobody_else(town: Town, browser: Browser) -> None:
    centre = await town.centre()
    paul = await town.paul()
    async with town.database.transaction() as tx:
        _, code = await invite_admin(tx, town.ctx, paul, centre.id, None)

    answer = await browser.get(f"/join/{code.lower()}")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    page = await text(answer)
    assert f"Write: join {code}" in page
    assert "You are invited by Heart Centre" in page
    assert (await browser.get("/join/K7QM-3F2A-9XTC-0BWD")).status == 404


async def test_who_is_not_listed_or_not_verified_has_no_page(town: Town, browser: Browser) -> None:
    centre = await town.centre()
    service = await town.offer(centre, "Dr Ama Osei")
    paul = await town.paul()
    assert (await browser.get("/doctors/dr.osei")).status == 200
    async with town.database.transaction() as tx:
        await list_practitioner(tx, town.ctx, paul, service.practitioner_id, listed=False)
    assert (await browser.get("/doctors/dr.osei")).status == 404
    assert "Osei" not in await text(await browser.get(f"/centres/{centre.slug}"))


@pytest.mark.parametrize(
    ("accepted", "language", "direction", "words"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "ltr", "Ihr Termin"),
        ("nl, ar;q=0.5, en;q=0.4", "ar", "rtl", "موعدك"),
        ("ms", "ms", "ltr", "Lawatan anda"),
        ("", "en", "ltr", "Your visit is in the chat"),
        ("tlh, *;q=0.1", "en", "ltr", "Your visit is in the chat"),
        ("de;q=0, fr;q=x", "en", "ltr", "Your visit is in the chat"),
    ],
)
async def test_a_visits_page_speaks_its_readers_language(
    browser: Browser, accepted: str, language: str, direction: str, words: str
) -> None:
    answer = await browser.get("/visits/K7QM3F", headers={"Accept-Language": accepted})
    page = await answer.text()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert words in page
    assert '<code dir="ltr">cancel K7QM3F</code>' in page  # what is sent to the bot stays as it is
    assert "Accept-Language" in answer.headers["Vary"]


async def test_what_is_put_into_a_translated_sentence_is_no_html(browser: Browser, town: Town) -> None:
    answer = await browser.get("/doctors/%3Cb%3E", headers={"Accept-Language": "fr"})
    assert answer.status == 404
    assert "<b>" not in await answer.text()
    assert 'lang="fr"' in await answer.text()


@pytest.mark.parametrize(
    ("accepted", "path", "words"),
    [
        ("de", "/", ("Arzt oder Ärztin finden", "Kardiologie", "Suchen")),
        ("ar", "/doctors/dr.osei", ("المواعيد المتاحة", 'dir="rtl"', "أرسل:")),
        ("fr", "/centres/{centre}", ("L&#39;annulation est gratuite", "parle anglais")),
        ("es", "/?specialty=piel&place=Berlín", ("No se encontró nada",)),
        ("ms", "/?specialty=heart&place=Berlin", ("€50.00", "minit", "bersemuka")),
        ("de", "/?specialty=zzzz", ("Dieses Fachgebiet kennen wir nicht",)),
    ],
)
async def test_free_times_are_shown_in_the_readers_language(
    town: Town, browser: Browser, accepted: str, path: str, words: tuple[str, ...]
) -> None:
    at = await town.centre()
    await town.offer(at, "Dr Ama Osei")
    page = await (await browser.get(path.replace("{centre}", at.slug), headers={"Accept-Language": accepted})).text()
    assert f'<html lang="{accepted}"' in page
    assert [each for each in words if each not in page] == []
    for english in ("Send:", "Search", "speaks", "In person", "To the content"):
        assert english not in page


async def test_days_and_prices_are_the_readers_too(town: Town, browser: Browser) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei")
    page = await (await browser.get("/doctors/dr.osei", headers={"Accept-Language": "de"})).text()
    assert "Montag, 30. November" in page
    assert "50,00\N{NO-BREAK SPACE}€" in page
    assert "book dr.osei 30.11. 10:00 Europe/Berlin" in page  # what is sent is understood whoever sends it


async def test_the_language_can_be_switched_and_stays_in_the_links(town: Town, browser: Browser) -> None:
    await town.offer(await town.centre(), "Dr Ama Osei")
    page = await (await browser.get("/?specialty=heart&place=Berlin", headers={"Accept-Language": "fr"})).text()
    switch = re.search(r'<a href="([^"]+)" lang="ar"', page)
    assert switch
    turned = await (await browser.get(html.unescape(switch[1]), headers={"Accept-Language": "fr"})).text()
    assert '<html lang="ar" dir="rtl">' in turned
    assert "Dr Ama Osei" in turned
    doctor = re.search(r'href="(/doctors/dr\.osei[^"]*)"', turned)
    assert doctor
    assert doctor[1] == "/doctors/dr.osei?lang=ar"
    assert '<input type="hidden" name="lang" value="ar">' in turned
    assert '<html lang="fr"' in await (await browser.get("/?lang=xx", headers={"Accept-Language": "fr"})).text()


async def test_pages_lead_to_several_bots_where_there_are_several(town: Town) -> None:
    matrix = town.ctx.settings.matrix.model_copy(update={"shards": 3})
    ctx = replace(town.ctx, settings=town.ctx.settings.model_copy(update={"matrix": matrix}))
    app = web.Application()
    app.add_routes(routes(town.database, ctx))
    led: set[str] = set()
    async with TestClient(TestServer(app)) as browser:
        for n in range(100):  # a centre's bot follows from its id, which is drawn
            slug = (await town.centre(f"Centre {n}")).slug
            page = await (await browser.get(f"/centres/{slug}")).text()
            (bot,) = set(re.findall(r"https://matrix\.to/#/(@careconnect[^\"]*):localhost", page))  # one page, one bot
            led.add(bot)
            if len(led) == matrix.shards:
                break
    assert led == {"@careconnect", "@careconnect-2", "@careconnect-3"}
