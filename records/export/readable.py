"""An export as a document that people read: the resources of a bundle, matter by matter. Pure but for fonts' files."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.timezones import zone
from records.export.fhir import COLUMN
from records.fhir import Resource
from records.paper import Paper, moment

_TITLES = {
    "Patient": "Who",
    "Appointment": "Visits",
    "ServiceRequest": "Referrals",
    "MedicationRequest": "Prescriptions",
    "MedicationDispense": "Given out by pharmacies",
    "AllergyIntolerance": "Allergies",
    "Composition": "Notes and sick notes",
    "DocumentReference": "Files",
    "Consent": "Shared with others",
    "Practitioner": "Doctors",
    "Organization": "Centres",
    "AuditEvent": "Who looked, and who wrote",
    "Basic": "All else that is held",
}
_INTRO = (
    "All that this service holds on the people named below, as of {when}. The same is in the file beside this one, in"
    " the form in which other systems read it (FHIR {release}). Files that were sent follow one by one."
)
_TAG = re.compile(r"</?\w+[^>]*>")


def export_pdf(bundle: Resource, *, timezone: str, release: str) -> bytes:
    """The document, with times in the zone of that IANA name. `bundle`: in R5. Takes a while: call it in a process."""
    there = zone(timezone)
    at = datetime.fromisoformat(bundle["timestamp"])
    sheet = Paper("What careConnect holds", at=at)
    sheet.write("What careConnect holds", size=22, tag="H1")
    sheet.gap(3)
    sheet.write(_INTRO.format(when=moment(at, there), release=release))
    by_kind: dict[str, list[Resource]] = {}
    for entry in bundle["entry"]:
        by_kind.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    for kind, title in _TITLES.items():
        if found := by_kind.get(kind):
            sheet.rule()
            sheet.write(f"{title} ({len(found)})", size=15, tag="H2")
            sheet.gap(2)
            for each in found:
                head, *rest = [line for line in _LINES[kind](each, there) if line] or [kind]
                sheet.write(head, size=11)
                for line in rest:
                    sheet.write(line, size=9)
                sheet.gap(2)
    sheet.excuse()
    return sheet.done()


def _patient(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield _name(one)
    yield _said("Born", one.get("birthDate"))


def _named(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield _name(one)


def _appointment(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield f"{_when(one.get('start'), there)}: {one['status']}, visit {one['identifier'][0]['value']}"
    yield ", ".join(each["actor"].get("display", "") for each in one["participant"])
    yield _said("Why", "; ".join(each["concept"]["text"] for each in one.get("reason", ())))


def _service_request(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield f"{_when(one.get('authoredOn'), there)}: to {one['code']['concept']['text']}, {one['status']}"
    yield _said("From", one.get("requester", {}).get("display"))
    yield from (each["text"] for each in one.get("note", ()))


def _medication_request(one: Resource, there: ZoneInfo) -> Iterator[str]:
    medication = one["contained"][0]
    strength = "".join(f" {each['strengthCodeableConcept']['text']}" for each in medication.get("ingredient", ()))
    form = medication.get("doseForm", {}).get("text", "")
    yield f"{medication['code']['text']}{strength}, {form}: {one['status']}, {one['identifier'][0]['value']}"
    yield f"Version {one.get('meta', {}).get('versionId', '1')}, {_when(one['statusChanged'], there)}"
    yield _said("How to take it", one["dosageInstruction"][0]["text"])
    quantity = one["dispenseRequest"]["quantity"]
    yield _said("Quantity", f"{quantity.get('value', '')} {quantity['unit']}".strip())
    yield _said("Repeats", str(one["dispenseRequest"]["numberOfRepeatsAllowed"]))
    yield _said("Why changed", one.get("statusReason", {}).get("text"))
    yield from (_said("Note", each["text"]) for each in one.get("note", ()))
    yield f"{one['requester']['display']}, {_when(one['authoredOn'], there)}"


def _medication_dispense(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield f"{_when(one['whenHandedOver'], there)}: {one['quantity']['value']} of {one['medication']['concept']['text']}"
    yield one["performer"][0]["actor"]["display"]


def _allergy(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield one["code"]["text"]


def _composition(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield f"{one['title']}, version {one['version']}, {one['status']}, {_when(one['date'], there)}"
    yield one["author"][0]["display"]
    for event in one["event"]:
        if "period" in event:
            yield f"From {event['period']['start']} until {event['period']['end']}"
    for section in one["section"]:
        text = html.unescape(_TAG.sub("\n", section["text"]["div"])).strip()
        yield _said(section["title"], re.sub(r"\n+", "\n", text))


def _document_reference(one: Resource, there: ZoneInfo) -> Iterator[str]:
    attachment = one["content"][0]["attachment"]
    yield f"{attachment['title']}, {attachment['contentType']}, {attachment['size']} bytes, {_when(one['date'], there)}"
    yield one.get("description", "")


def _consent(one: Resource, there: ZoneInfo) -> Iterator[str]:
    (provision,) = one["provision"]
    kind = provision["code"][0]["coding"][0]["code"]
    yield f"{kind}: {one['status']}, from {_when(one['period']['start'], there)}"
    if "end" in one["period"]:
        yield f"Until {_when(one['period']['end'], there)}"
    yield _said("To the person", one["grantee"][0]["identifier"]["value"])


def _audit_event(one: Resource, there: ZoneInfo) -> Iterator[str]:
    who = one["agent"][0]["who"]
    did, why = one["code"]["coding"][0]["code"], one["authorization"][0]["text"]
    name = who["display"] if "display" in who else f"person {who['identifier']['value']}"
    yield f"{_when(one['recorded'], there)}: {name}: {did}, {why}"
    yield one["entity"][0]["what"]["display"]


def _basic(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield one["code"]["text"]
    for each in one.get("extension", ()):
        yield f"{each['url'].removeprefix(COLUMN)}: {each['valueString']}"


_LINES: dict[str, Callable[[Resource, ZoneInfo], Iterator[str]]] = {
    "Patient": _patient,
    "Practitioner": _named,
    "Organization": _named,
    "Appointment": _appointment,
    "ServiceRequest": _service_request,
    "MedicationRequest": _medication_request,
    "MedicationDispense": _medication_dispense,
    "AllergyIntolerance": _allergy,
    "Composition": _composition,
    "DocumentReference": _document_reference,
    "AuditEvent": _audit_event,
    "Consent": _consent,
    "Basic": _basic,
}


def _name(one: Resource) -> str:
    name: Any = one.get("name") or [{"text": "(no name)"}]
    return str(name if isinstance(name, str) else name[0]["text"])


def _when(value: str | None, there: ZoneInfo) -> str:
    return moment(datetime.fromisoformat(value), there) if value else "no time"


def _said(label: str, text: str | None) -> str:
    return f"{label}: {text}" if text else ""
