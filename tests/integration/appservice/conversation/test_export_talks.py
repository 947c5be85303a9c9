"""All that is held on a person, exported on their word: valid FHIR in both releases, and a document that is read."""

import asyncio
import importlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from appservice.conversation import exporting
from records.export.validation import faults_of
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, OSEI
from tests.integration.booking.town import Town, at
from tests.unit.records.prescriptions.test_document import texts

LINE = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules, QxPrescribed"
PDF = b"%PDF-1.7\nQxContent"
SAID = ("QxReason", "QxAllergy", "QxPrescribed", "QxPrivate", "QxShared", "J06.9 QxFlu", "QxCaption", "QxReferral")


@pytest.fixture
async def life(chat: Chat, town: Town) -> str:
    """Anna with all that a patient may have; returns the code of her visit."""
    code = await book(chat)
    await chat.say(ANNA, f"reason {code} QxReason")
    await chat.say(ANNA, "allergies QxAllergy")
    await chat.say(ANNA, "add family Qxmia 2018-05-04")
    await chat.send_file(ANNA, PDF, "QxFile.pdf", caption="QxCaption")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "quiet 22-7")
    town.clock.time = at(1, 8)
    await chat.signs(OSEI)
    await chat.say(OSEI, f"arrived {code}")
    town.clock.time = at(1, 8, 5)
    await chat.say(OSEI, f"prescribe {code} {LINE}")
    assert "Signed" in await chat.sign(OSEI)
    for said in (f"note {code} QxPrivate", f"summary {code} QxShared", f"sick note {code} for 3 days: J06.9 QxFlu"):
        town.clock.time += timedelta(minutes=1)
        await chat.say(OSEI, said)
        assert "Signed" in await chat.sign(OSEI)
    await chat.say(OSEI, f"refer {code} to dermatology: QxReferral")
    await chat.say(ANNA, f"share notes with {BEN}")
    await chat.say(ANNA, "yes")
    await chat.say(ANNA, f"share allergies with {BEN}")
    await chat.say(ANNA, "yes")
    await chat.say(ANNA, f"stop sharing allergies with {BEN}")
    await chat.notices()
    return code


async def exported(chat: Chat, mxid: str = ANNA) -> tuple[dict[str, Any], bytes]:
    """The bundle and the PDF that were sent last."""
    paper = next(each for each in chat.last if each.fields.get("kind") == "export paper")
    data = next(each for each in chat.last if each.fields.get("kind") == "export")
    return json.loads(await chat.file(data)), await chat.file(paper)


def valid(bundle: dict[str, Any], release: str = "") -> None:
    """By fhir.resources, one by one."""
    for entry in bundle["entry"]:
        resource = entry["resource"]
        name = resource["resourceType"]
        module = importlib.import_module(f"fhir.resources{release}.{name.lower()}")
        getattr(module, name).model_validate(resource)
    module = importlib.import_module(f"fhir.resources{release}.bundle")
    module.Bundle.model_validate(bundle)


async def test_everything_comes_out_and_is_as_fhir_has_to_be(chat: Chat, life: str) -> None:
    asked = await chat.say(ANNA, "export")
    assert "Keep it safe" in asked
    assert "2. Mine, and what is held on Qxmia" in asked
    said = await chat.say(ANNA, "1")
    assert "and then 1 file that was sent" in said
    bundle, pdf = await exported(chat)
    assert faults_of(bundle) == []
    valid(bundle)
    whole = json.dumps(bundle, ensure_ascii=False)
    paper = "\n".join(text for _, text in texts(pdf))
    for marker in SAID:
        assert marker in whole, marker
        assert marker in paper.replace("\n", " "), marker
    assert "QxFile.pdf" in whole
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds == {
        "AllergyIntolerance", "Appointment", "AuditEvent", "Basic", "Composition", "Consent", "DocumentReference",
        "MedicationRequest", "Organization", "Patient", "Practitioner", "Provenance",
        "ServiceRequest",
    }  # fmt: skip
    consents = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Consent"]
    said_of = {each["provision"][0]["code"][0]["coding"][0]["code"]: each["status"] for each in consents}
    assert said_of == {"note": "active", "allergies": "inactive"}
    assert await chat.file(chat.last[-1]) == PDF
    assert sum(entry["resource"]["resourceType"] == "Patient" for entry in bundle["entry"]) == 1


async def test_the_family_comes_when_it_is_asked_for(chat: Chat, life: str) -> None:
    await chat.say(ANNA, "export")
    await chat.say(ANNA, "2")
    bundle, _ = await exported(chat)
    names = [
        entry["resource"].get("name") for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"
    ]
    assert [name[0]["text"] for name in names] == ["Anna", "Qxmia"]
    await chat.say(ANNA, "export")
    await chat.say(ANNA, "3")
    bundle, _ = await exported(chat)
    assert "QxReason" not in json.dumps(bundle)
    assert "Qxmia" in json.dumps(bundle)
    assert "quiet_starts" not in json.dumps(bundle)


async def test_in_the_release_before_it_is_valid_too(chat: Chat, life: str) -> None:
    assert "FHIR R4" in await chat.say(ANNA, "export r4")
    await chat.say(ANNA, "yes")
    bundle, _ = await exported(chat)
    valid(bundle, ".R4B")
    for marker in SAID:
        assert marker in json.dumps(bundle, ensure_ascii=False)


async def test_nobody_gets_what_is_anothers(chat: Chat, life: str) -> None:
    assert "Answer yes or no" in await chat.say(BEN, "export", name="Ben")
    await chat.say(BEN, "yes", name="Ben")
    bundle, _ = await exported(chat, BEN)
    assert not [marker for marker in (*SAID, "Qxmia") if marker in json.dumps(bundle, ensure_ascii=False)]
    assert str((await chat.person(ANNA)).patient.id) not in json.dumps(bundle)
    await chat.say(OSEI, "export")
    await chat.say(OSEI, "yes")
    bundle, _ = await exported(chat, OSEI)
    for marker in (*SAID[:2], *SAID[3:]):  # what she prescribed last is at hand for her, and so held on her
        assert marker not in json.dumps(bundle)
    assert str((await chat.person(ANNA)).patient.id) not in json.dumps(bundle)


async def test_nothing_is_sent_without_a_yes_and_every_export_is_in_the_audit(chat: Chat, life: str) -> None:
    await chat.say(ANNA, "export")
    assert "Nothing has changed" in await chat.say(ANNA, "no")
    await chat.say(ANNA, "export")
    await chat.say(ANNA, "yes")
    bundle, _ = await exported(chat)
    noted = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "AuditEvent"
        and entry["resource"]["entity"][0]["what"]["display"] == "export_request"
    ]
    assert len(noted) == 2  # that it was asked for, and that it was made


async def test_it_is_checked_and_written_without_silence(
    chat: Chat, life: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead is taken from a process that is silent for seconds, as long as a long history takes: for ever, as the
    next one would begin with the same."""
    await chat.say(ANNA, "export")
    await chat.say(ANNA, "1")
    begun, stirred = threading.Event(), threading.Event()

    async def stir() -> None:
        while not begun.is_set():
            await asyncio.sleep(0.01)
        stirred.set()

    def checked(bundle: dict[str, Any]) -> list[str]:
        begun.set()
        assert stirred.wait(60), "nothing else was done meanwhile"
        return []

    monkeypatch.setattr(exporting, "faults_of", checked)
    stirring = asyncio.create_task(stir())
    await exported(chat)
    await stirring
