"""An export as a document that people read: the resources of a bundle, matter by matter. Pure but for fonts' files.

It speaks the reader's language. What people wrote stays as they wrote it, and so do the names of tables and columns.
"""

import html
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.dates import full_date
from core.languages import N_, _, commas, ngettext
from core.timezones import zone
from records.export.fhir import COLUMN
from records.export.words import in_words, titled
from records.fhir import Resource
from records.paper import Paper, moment

_TITLES = {
    "Patient": N_("Who"),
    "Appointment": N_("Visits"),
    "ServiceRequest": N_("Referrals"),
    "MedicationRequest": N_("Prescriptions"),
    "MedicationDispense": N_("Given out by pharmacies"),
    "AllergyIntolerance": N_("Allergies"),
    "Composition": N_("Notes and sick notes"),
    "DocumentReference": N_("Files"),
    "Consent": N_("Shared with others"),
    "Practitioner": N_("Doctors"),
    "Organization": N_("Centres"),
    "AuditEvent": N_("Who looked, and who wrote"),
    "Basic": N_("All else that is held"),
}
_INTRO = N_(
    "All that this service holds on the people named below, as of {when}. The same is in the file beside this one, in"
    " the form in which other systems read it (FHIR {release}). Files that were sent follow one by one."
)
_TAG = re.compile(r"</?\w+[^>]*>")


def export_pdf(bundle: Resource, *, timezone: str, release: str) -> bytes:
    """The document, with times in the zone of that IANA name. `bundle`: in R5. Takes a while: call it in a process."""
    there = zone(timezone)
    at = datetime.fromisoformat(bundle["timestamp"])
    title = _("What careConnect holds")
    sheet = Paper(title, at=at)
    sheet.write(title, size=22, tag="H1")
    sheet.gap(3)
    sheet.write(_(_INTRO, when=moment(at, there), release=release))
    by_kind: dict[str, list[Resource]] = {}
    for entry in bundle["entry"]:
        by_kind.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    for kind, title in _TITLES.items():
        if found := by_kind.get(kind):
            sheet.rule()
            sheet.write(f"{_(title)} ({len(found)})", size=15, tag="H2")
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
    yield _said(_("Born"), one.get("birthDate"))


def _named(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield _name(one)


def _appointment(one: Resource, there: ZoneInfo) -> Iterator[str]:
    code = one["identifier"][0]["value"]
    yield _(
        "{when}: {state}, visit {code}", when=_when(one.get("start"), there), state=in_words(one["status"]), code=code
    )
    yield commas(each["actor"].get("display", "") for each in one["participant"])
    yield _said(_("Why"), "; ".join(each["concept"]["text"] for each in one.get("reason", ())))


def _service_request(one: Resource, there: ZoneInfo) -> Iterator[str]:
    what = one["code"]["concept"]["text"]
    yield _(
        "{when}: to {what}, {state}",
        when=_when(one.get("authoredOn"), there),
        what=what,
        state=in_words(one["status"]),
    )
    yield _said(_("From"), one.get("requester", {}).get("display"))
    yield from (each["text"] for each in one.get("note", ()))


def _medication_request(one: Resource, there: ZoneInfo) -> Iterator[str]:
    medication = one["contained"][0]
    strength = "".join(f" {each['strengthCodeableConcept']['text']}" for each in medication.get("ingredient", ()))
    form = medication.get("doseForm", {}).get("text", "")
    yield f"{medication['code']['text']}{strength}, {form}: {in_words(one['status'])}, {one['identifier'][0]['value']}"
    version = one.get("meta", {}).get("versionId", "1")
    yield _("Version {version}, {when}", version=version, when=_when(one["statusChanged"], there))
    yield _said(_("How to take it"), one["dosageInstruction"][0]["text"])
    quantity = one["dispenseRequest"]["quantity"]
    yield _said(_("Quantity"), f"{quantity.get('value', '')} {quantity['unit']}".strip())
    yield _said(_("Repeats"), str(one["dispenseRequest"]["numberOfRepeatsAllowed"]))
    yield _said(_("Why changed"), one.get("statusReason", {}).get("text"))
    yield from (_said(_("Note"), each["text"]) for each in one.get("note", ()))
    yield f"{one['requester']['display']}, {_when(one['authoredOn'], there)}"


def _medication_dispense(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield _(
        "{when}: {amount} of {what}",
        when=_when(one["whenHandedOver"], there),
        amount=one["quantity"]["value"],
        what=one["medication"]["concept"]["text"],
    )
    yield one["performer"][0]["actor"]["display"]


def _allergy(one: Resource, _there: ZoneInfo) -> Iterator[str]:
    yield one["code"]["text"]


def _composition(one: Resource, there: ZoneInfo) -> Iterator[str]:
    yield _(
        "{title}, version {version}, {state}, {when}",
        title=titled(one["title"]),
        version=one["version"],
        state=in_words(one["status"]),
        when=_when(one["date"], there),
    )
    yield one["author"][0]["display"]
    for event in one["event"]:
        if "period" in event:
            first, last = (full_date(date.fromisoformat(event["period"][end])) for end in ("start", "end"))
            yield _("From {first} until {last}", first=first, last=last)
    for section in one["section"]:
        text = html.unescape(_TAG.sub("\n", section["text"]["div"])).strip()
        yield _said(in_words(section["title"]), re.sub(r"\n+", "\n", text))


def _document_reference(one: Resource, there: ZoneInfo) -> Iterator[str]:
    attachment = one["content"][0]["attachment"]
    size = ngettext("{count} byte", "{count} bytes", int(attachment["size"]))
    yield f"{attachment['title']}, {attachment['contentType']}, {size}, {_when(one['date'], there)}"
    yield one.get("description", "")


def _consent(one: Resource, there: ZoneInfo) -> Iterator[str]:
    (provision,) = one["provision"]
    kind = provision["code"][0]["coding"][0]["code"]
    since = _when(one["period"]["start"], there)
    yield _("{what}: {state}, from {when}", what=in_words(kind), state=in_words(one["status"]), when=since)
    if "end" in one["period"]:
        yield _("Until {when}", when=_when(one["period"]["end"], there))
    yield _said(_("To the person"), one["grantee"][0]["identifier"]["value"])


def _audit_event(one: Resource, there: ZoneInfo) -> Iterator[str]:
    who = one["agent"][0]["who"]
    did, why = one["code"]["coding"][0]["code"], one["authorization"][0]["text"]
    name = who["display"] if "display" in who else _("person {id}", id=who["identifier"]["value"])
    yield f"{_when(one['recorded'], there)}: {name}: {in_words(did)}, {in_words(why)}"
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
    name: Any = one.get("name") or [{"text": _("(no name)")}]
    return str(name if isinstance(name, str) else name[0]["text"])


def _when(value: str | None, there: ZoneInfo) -> str:
    return moment(datetime.fromisoformat(value), there) if value else _("no time")


def _said(label: str, text: str | None) -> str:
    return f"{label}: {text}" if text else ""
