"""The page behind the QR code as a browser gets it: for anybody, for who has the paper, and what is refused."""

import html
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text

from core.database import Database
from core.ids import new_id
from records.pharmacy.routes import routes
from records.pharmacy.secrets import new_typed_secret
from records.pharmacy.service import access_secret
from records.prescriptions.rules import Prescription
from records.sealing import Vault
from tests.integration.records.ward import DRAFT, VISIT, new_vault, prescribed, withdrawn

Browser = TestClient[web.Request, web.Application]
CONTENT = (DRAFT.medication, DRAFT.strength, DRAFT.dosage, DRAFT.quantity, "Anna", "Osei", VISIT.centre_name)


@pytest.fixture
def vault() -> Vault:
    return new_vault()


@pytest.fixture
async def made(database: Database, vault: Vault) -> Prescription:
    async with database.transaction() as tx:
        return await prescribed(tx, vault)


@pytest.fixture
async def access(database: Database, vault: Vault, made: Prescription) -> str:
    async with database.transaction() as tx:
        return await access_secret(tx, vault, made)


@pytest.fixture
async def browser(database: Database, vault: Vault) -> AsyncIterator[Browser]:
    app = web.Application()
    app.add_routes(routes(database, vault, title="careConnect"))
    async with TestClient(TestServer(app)) as client:
        yield client


async def read(answer: aiohttp.ClientResponse) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text())))


def fields(page: str, do: str) -> dict[str, str]:
    """The fields of one form of a page, as a browser sends them."""
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        found = {}
        for field in re.findall(r"<input[^>]*>", form):
            name, value = re.search(r'name="(\w+)"', field), re.search(r'value="([^"]*)"', field)
            assert name
            found[name[1]] = html.unescape(value[1]) if value else ""
        if found["do"] == do:
            return found
    raise AssertionError(do)


async def test_anybody_sees_that_it_is_genuine_and_its_state_and_nothing_else(
    browser: Browser, made: Prescription
) -> None:
    answer = await browser.get(f"/rx/{made.code}")
    page = await read(answer)
    assert answer.status == 200
    assert f"Prescription {made.code} is genuine" in page
    assert "It is valid, and can be dispensed." in page
    assert not [word for word in CONTENT if word in page]
    assert str(made.patient_id) not in page


async def test_the_page_keeps_to_itself(browser: Browser, made: Prescription) -> None:
    answer = await browser.get(f"/rx/{made.code}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    script = await browser.get("/rx.js")
    assert script.content_type == "text/javascript"
    assert "fetch" not in await script.text()


async def test_a_pharmacy_goes_from_the_paper_to_giving_it_out_with_forms_alone(
    browser: Browser, made: Prescription, access: str
) -> None:
    address = f"/rx/{made.code}"
    asked = fields(await (await browser.get(address)).text(), "show") | {"access": access.lower().replace("-", " ")}
    shown = await (await browser.post(address, data=asked)).text()
    assert all(word in html.unescape(shown) for word in CONTENT)
    taking = fields(shown, "accept")
    assert taking["claim"] in re.findall(r'<code dir="ltr">([^<]+)</code>', shown)
    held = await browser.post(address, data=taking)
    assert held.status == 200
    again = await browser.post(address, data=taking)  # the answer was lost
    assert (again.status, fields(await again.text(), "dispense")["amount"]) == (200, "20")
    giving = fields(await held.text(), "dispense") | {"amount": "12", "pharmacy": "Park Apotheke"}
    for _ in range(2):
        given = await browser.post(address, data=giving)
        page = await given.text()
        assert given.status == 200
        assert page.count("12 × tablets") == 1
    assert fields(page, "dispense")["amount"] == "8"
    assert "A pharmacy has taken it on" in await read(await browser.get(address))
    done = await read(await browser.post(address, data=fields(page, "dispense")))
    assert "This dispensing is over. It is used up" in done
    assert "It is used up" in await read(await browser.get(address))


async def test_another_pharmacy_is_told_and_gets_it_once_it_is_handed_back(
    browser: Browser, made: Prescription, access: str
) -> None:
    address = f"/rx/{made.code}"
    shown = await (await browser.post(address, data={"do": "show", "access": access})).text()
    late = await (await browser.post(address, data={"do": "show", "access": access})).text()
    held = await (await browser.post(address, data=fields(shown, "accept"))).text()
    refused = await browser.post(address, data=fields(late, "accept"))
    assert (refused.status, "Another pharmacy has taken" in await read(refused)) == (409, True)
    assert "handed back" in await read(await browser.post(address, data=fields(held, "return")))
    assert (await browser.post(address, data=fields(late, "accept"))).status == 200


async def test_who_lost_the_page_finds_it_by_the_pharmacy_code(
    browser: Browser, made: Prescription, access: str
) -> None:
    address, claim = f"/rx/{made.code}", new_typed_secret()
    await browser.post(address, data={"do": "accept", "access": access, "claim": claim})
    asked = fields(await (await browser.get(address)).text(), "claimed") | {"claim": claim}
    found = await browser.post(address, data=asked)
    assert fields(await found.text(), "dispense")["amount"] == "20"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"do": "show", "access": "0123"}, 403),
        ({"do": "show"}, 403),
        ({"do": "accept", "access": "ACCESS"}, 403),
        ({"do": "claimed", "claim": "x" * 64}, 403),
        ({"do": "return", "claim": ""}, 403),
        ({"do": "dispense", "claim": "x", "id": str(new_id())}, 403),
        ({"do": "dispense", "claim": "x", "id": "7"}, 400),
        ({"do": "show", "access": "a\x00b"}, 400),
        ({"do": "delete"}, 400),
        ({}, 400),
        ({"do": "show", "access": "y" * 9000}, 400),
    ],
)
async def test_bad_forms_are_refused_and_show_nothing(
    browser: Browser, made: Prescription, access: str, form: dict[str, str], status: int
) -> None:
    sent = {name: access if value == "ACCESS" else value for name, value in form.items()}
    answer = await browser.post(f"/rx/{made.code}", data=sent)
    page = await read(answer)
    assert answer.status == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert not [word for word in CONTENT if word in page]


@pytest.mark.parametrize("code", ["000000", "%00", "a%20b", "é", "x" * 500])
async def test_a_code_of_none_is_told_so(browser: Browser, code: str) -> None:
    for answer in (await browser.get(f"/rx/{code}"), await browser.post(f"/rx/{code}", data={"do": "show"})):
        assert answer.status == 403
        assert "no prescription with that code" in await read(answer)


async def test_a_withdrawn_one_says_so_and_has_no_form_for_dispensing(
    browser: Browser, database: Database, vault: Vault, made: Prescription
) -> None:
    async with database.transaction() as tx:
        await withdrawn(tx, vault, made.id, "allergy found")
    page = await (await browser.get(f"/rx/{made.code}")).text()
    assert "It was withdrawn" in page
    assert "allergy" not in page
    with pytest.raises(AssertionError):
        fields(page, "show")


async def test_a_tampered_one_cannot_be_confirmed(
    browser: Browser, database: Database, made: Prescription, access: str
) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.conn.execute(
            text("UPDATE prescription_version SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)")
        )
    for answer in (
        await browser.get(f"/rx/{made.code}"),
        await browser.post(f"/rx/{made.code}", data={"do": "show", "access": access}),
    ):
        page = await read(answer)
        assert "cannot be confirmed" in page
        assert "genuine" not in page
        assert not [word for word in CONTENT if word in page]


async def test_an_address_that_is_wrong_too_often_waits(browser: Browser, made: Prescription, access: str) -> None:
    for _ in range(30):
        assert (await browser.post(f"/rx/{made.code}", data={"do": "show", "access": "x"})).status == 403
    late = await browser.post(f"/rx/{made.code}", data={"do": "show", "access": access})
    assert late.status == 429
    assert not [word for word in CONTENT if word in await read(late)]


async def test_behind_a_proxy_each_visitor_is_counted_apart(browser: Browser, made: Prescription, access: str) -> None:
    async def status(forwarded: str, secret: str = "x") -> int:
        form = {"do": "show", "access": secret}
        return (await browser.post(f"/rx/{made.code}", data=form, headers={"X-Forwarded-For": forwarded})).status

    for n in range(30):
        assert await status(f"198.51.100.{n}, 203.0.113.7") == 403  # what a visitor says of itself counts for nothing
    assert await status("203.0.113.7", access) == 429
    assert await status("203.0.113.8", access) == 200


@pytest.mark.parametrize(
    ("code", "direction", "genuine", "dispense"),
    [
        ("de", "ltr", "ist echt", "Abgeben"),
        ("ar", "rtl", "أصلية", "صرف الوصفة"),
        ("ms", "ltr", "adalah tulen", "Dispens"),
    ],
)
async def test_a_pharmacy_reads_it_in_its_own_language(
    browser: Browser, made: Prescription, access: str, code: str, direction: str, genuine: str, dispense: str
) -> None:
    answer = await browser.get(f"/rx/{made.code}", headers={"Accept-Language": code})
    page = await answer.text()
    assert f'<html lang="{code}" dir="{direction}">' in page
    assert genuine in page
    assert dispense in page
    assert "Accept-Language" in answer.headers["Vary"]
    switched = await (await browser.get(f"/rx/{made.code}?lang={code}")).text()
    assert f'action="/rx/{made.code}?lang={code}"' in switched  # the forms go on in it
    shown = await browser.post(f"/rx/{made.code}?lang={code}", data={"do": "show", "access": access})
    paper = html.unescape(await shown.text())
    assert f'<html lang="{code}"' in paper
    assert all(word in paper for word in CONTENT)  # as it was signed
    for english in ("Quantity", "How to take it", "Take it on", "allowed"):
        assert english not in paper
    refused = await browser.post(f"/rx/{made.code}?lang={code}", data={"do": "show", "access": "0123"})
    assert "does not fit" not in await refused.text()


async def commits_fail(database: Database, table: str, times: int) -> None:
    """Have the next commits that wrote into a table answered by 40001, so many of them."""
    async with database.transaction() as tx:
        for statement in (
            "DROP SEQUENCE IF EXISTS failed CASCADE",
            "CREATE SEQUENCE failed",
            f"""
            CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('failed') <= {times} THEN
                    RAISE EXCEPTION 'came up against another' USING ERRCODE = 'serialization_failure';
                END IF;
                RETURN NULL;
            END $$
            """,
            f"""
            CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON {table}
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fails()
            """,
        ):
            await tx.conn.execute(text(statement))


async def test_a_commit_that_came_up_against_another_is_done_again_and_nobody_hears_of_it(
    browser: Browser, database: Database, made: Prescription, access: str
) -> None:
    address = f"/rx/{made.code}"
    shown = await (await browser.post(address, data={"do": "show", "access": access})).text()
    await commits_fail(database, "pharmacy_claim", 2)
    held = await browser.post(address, data=fields(shown, "accept"))
    assert held.status == 200
    giving = fields(await held.text(), "dispense") | {"amount": "12"}
    await commits_fail(database, "pharmacy_dispense", 1)
    given = await browser.post(address, data=giving)
    assert given.status == 200
    page = await given.text()
    assert page.count("12 × tablets") == 1
    assert fields(page, "dispense")["amount"] == "8"


async def test_one_that_comes_up_against_others_for_long_is_answered_by_try_again_and_leaves_nothing(
    browser: Browser, database: Database, made: Prescription, access: str
) -> None:
    address = f"/rx/{made.code}"
    shown = await (await browser.post(address, data={"do": "show", "access": access})).text()
    await commits_fail(database, "pharmacy_claim", 3)
    refused = await browser.post(address, data=fields(shown, "accept"))
    assert (refused.status, "Try again" in await read(refused)) == (503, True)
    assert "It is valid, and can be dispensed" in await read(await browser.get(address))
    assert (await browser.post(address, data=fields(shown, "accept"))).status == 200
