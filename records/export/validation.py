"""What fhir.resources does not check of a bundle: required value sets, invariants, and where references lead. Pure.

Each rule returns what is wrong, in words; the names in brackets are FHIR's own of its invariants
(https://hl7.org/fhir/R5/). An export is checked before it is sent: what does not hold is a fault of ours.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from records.fhir import Resource

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+\-]+")

REQUIRED: dict[tuple[str, str], frozenset[str]] = {
    ("Patient", "gender"): frozenset("male female other unknown".split()),
    ("Appointment", "status"): frozenset(
        "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist".split()
    ),
    ("MedicationRequest", "status"): frozenset(
        "active on-hold ended stopped completed cancelled entered-in-error draft unknown".split()
    ),
    ("MedicationRequest", "intent"): frozenset(
        "proposal plan order original-order reflex-order filler-order instance-order option".split()
    ),
    ("MedicationDispense", "status"): frozenset(
        "preparation in-progress cancelled on-hold completed entered-in-error stopped declined unknown".split()
    ),
    ("Composition", "status"): frozenset(
        "registered partial preliminary final amended corrected appended cancelled entered-in-error deprecated"
        " unknown".split()
    ),
    ("DocumentReference", "status"): frozenset("current superseded entered-in-error".split()),
    ("ServiceRequest", "status"): frozenset("draft active on-hold revoked completed entered-in-error unknown".split()),
    ("ServiceRequest", "intent"): frozenset(
        "proposal plan directive order original-order reflex-order filler-order instance-order option".split()
    ),
    ("ServiceRequest", "priority"): frozenset("routine urgent asap stat".split()),
    ("AuditEvent", "action"): frozenset("C R U D E".split()),
    ("Consent", "status"): frozenset("draft active inactive not-done entered-in-error unknown".split()),
    ("Consent", "decision"): frozenset("deny permit".split()),
    ("Bundle", "type"): frozenset({"collection"}),
}
"""Value sets with a required binding, of those elements that we write."""
_TARGETS = {
    "subject": {"Patient"},
    "patient": {"Patient"},
    "requester": {"Practitioner"},
    "author": {"Practitioner"},
    "custodian": {"Organization"},
    "authorizingPrescription": {"MedicationRequest"},
    "priorPrescription": {"MedicationRequest"},
}
"""To what a reference in such an element may lead."""
_UNITS_OF_TIME = frozenset("s min h d wk mo a".split())
_NOT_YET = frozenset({"proposed", "cancelled", "waitlist"})


def faults_of(bundle: Resource) -> list[str]:
    """All that is wrong with a bundle; empty if it is as it should be."""
    found = [*_bundle(bundle), *_values(bundle)]
    resources = [entry["resource"] for entry in bundle["entry"]]
    there = {f"{each['resourceType']}/{each['id']}" for each in resources}
    there |= {
        f"{each['resourceType']}/{each['id']}/_history/{each['meta']['versionId']}"
        for each in resources
        if "meta" in each
    }
    for each in resources:
        name = f"{each['resourceType']}/{each['id']}"
        rules = (_values, _contained, _narratives, _references, _codings, _moments, *_OF.get(each["resourceType"], ()))
        found += [f"{name}: {fault}" for rule in rules for fault in rule(each)]
        found += [f"{name}: leads nowhere: {target}" for target in _dangling(each, there)]
    return found


def _bundle(bundle: Resource) -> Iterator[str]:
    """Each version once under an address of its own; nothing of a search or a history (bdl-1, bdl-2, bdl-7)."""
    if "total" in bundle:
        yield "a collection has no total"
    urls = [(entry.get("fullUrl"), entry["resource"].get("meta", {}).get("versionId")) for entry in bundle["entry"]]
    if len(set(urls)) != len(urls) or any(url is None for url, _ in urls):
        yield "fullUrls are missing or the same"
    for entry in bundle["entry"]:
        if entry.keys() & {"request", "response", "search"}:
            yield "an entry of a collection has neither request, response nor search"
        if not _ID.fullmatch(str(entry["resource"].get("id"))):
            yield "an id is malformed"


def _values(resource: Resource) -> Iterator[str]:
    """Required value sets."""
    for (kind, element), allowed in REQUIRED.items():
        if resource["resourceType"] == kind and element in resource and resource[element] not in allowed:
            yield f"{element} is none of its value set"


def _contained(resource: Resource) -> Iterator[str]:
    """What is contained is referred to, and contains nothing itself (dom-2, dom-3, dom-4)."""
    references = {each.get("reference") for each in _walk(resource) if isinstance(each.get("reference"), str)}
    for each in resource.get("contained", ()):
        if f"#{each.get('id')}" not in references:
            yield "a contained resource is not referred to"
        if "contained" in each or "versionId" in each.get("meta", {}):
            yield "a contained resource contains something, or has a version"


def _narratives(resource: Resource) -> Iterator[str]:
    """XHTML of a few elements, with something in it (txt-1, txt-2)."""
    for each in _walk(resource):
        if isinstance(div := each.get("div"), str):
            try:
                tree = ElementTree.fromstring(div)  # noqa: S314  (our own, and checked before it is sent)
            except ElementTree.ParseError:
                yield "a narrative is no XHTML"
                continue
            names = {element.tag.rpartition("}")[2] for element in tree.iter()}
            if not names <= {"div", "p"} or not "".join(tree.itertext()).strip():
                yield "a narrative has other elements, or nothing in it"


def _references(resource: Resource) -> Iterator[str]:
    """Lead to a resource of the right kind."""
    for element, kinds in _TARGETS.items():
        for target in _targets(resource.get(element)):
            if target.partition("/")[0] not in kinds:
                yield f"{element} leads to another kind of resource"


def _codings(resource: Resource) -> Iterator[str]:
    """A coding says of which system it is; a concept has a coding or a text."""
    for each in _walk(resource):
        for coding in each.get("coding", ()):
            if not coding.get("system") or not coding.get("code"):
                yield "a coding has no system or no code"


def _moments(resource: Resource) -> Iterator[str]:
    """Instants say their zone."""
    for each in _walk(resource):
        for name, value in each.items():
            if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) and not name.startswith("value"):
                try:
                    aware = datetime.fromisoformat(value).tzinfo is not None
                except ValueError:
                    aware = False
                if not aware:
                    yield f"{name} is no instant with a zone"


def _appointment(resource: Resource) -> Iterator[str]:
    """Both ends, in order, of what is to take place (app-2, app-3); who takes part (app-1); why cancelled (app-4)."""
    start, end = resource.get("start"), resource.get("end")
    if (start is None) != (end is None) or (start is None and resource["status"] not in _NOT_YET):
        yield "start and end are missing"
    if start and end and datetime.fromisoformat(start) >= datetime.fromisoformat(end):
        yield "it ends before it starts"
    if not resource.get("participant") or any("actor" not in each for each in resource["participant"]):
        yield "a participant is nobody"
    if "cancellationReason" in resource and resource["status"] not in {"cancelled", "noshow"}:
        yield "it is not cancelled, and says why it is"


def _medication_request(resource: Resource) -> Iterator[str]:
    """Says how to take it, and until when it is valid."""
    if not all(each.get("text", "").strip() for each in resource.get("dosageInstruction", ())) or not resource.get(
        "dosageInstruction"
    ):
        yield "it does not say how to take it"
    for each in resource.get("dosageInstruction", ()):
        repeat = each.get("timing", {}).get("repeat", {"periodUnit": "d"})
        if repeat.get("periodUnit") not in _UNITS_OF_TIME:
            yield "how often to take it is in no unit of time"
    period = resource.get("dispenseRequest", {}).get("validityPeriod", {})
    if not period or datetime.fromisoformat(period["start"]) >= datetime.fromisoformat(period["end"]):
        yield "it is never valid"
    if resource.get("dispenseRequest", {}).get("numberOfRepeatsAllowed", 0) < 0:
        yield "it has fewer than no repeats"


def _medication_dispense(resource: Resource) -> Iterator[str]:
    """Something was handed over, on a prescription (mdd-1)."""
    if resource.get("quantity", {}).get("value", 0) <= 0 or "whenHandedOver" not in resource:
        yield "nothing was handed over"
    if not resource.get("authorizingPrescription"):
        yield "there is no prescription for it"


def _composition(resource: Resource) -> Iterator[str]:
    """Each section says something (cmp-1), and somebody wrote it."""
    if not resource.get("author") or not resource.get("title", "").strip():
        yield "it has no author or no title"
    if not resource.get("section") or any(
        not each.keys() & {"text", "entry", "section"} for each in resource["section"]
    ):
        yield "a section is empty"


def _document_reference(resource: Resource) -> Iterator[str]:
    """Of a known kind, with a name and a size (att-1)."""
    for each in resource.get("content", ()):
        attachment = each["attachment"]
        if not _MIME.fullmatch(attachment.get("contentType", "")) or not attachment.get("title"):
            yield "a file has no kind or no name"
        if not attachment.get("size", 0) > 0:
            yield "a file is empty"
    if not resource.get("content"):
        yield "there is no file"


def _allergy(resource: Resource) -> Iterator[str]:
    """A clinical status unless it is a mistake (ait-1, ait-2)."""
    verified = resource.get("verificationStatus", {}).get("coding", [{}])[0].get("code")
    if (verified == "entered-in-error") == ("clinicalStatus" in resource):
        yield "the clinical status does not fit"
    if not resource.get("code", {}).get("text", "").strip():
        yield "it does not say against what"


def _consent(resource: Resource) -> Iterator[str]:
    """Somebody lets somebody read something, for a time that does not end before it begins."""
    period = resource.get("period", {})
    if "start" not in period:
        yield "it does not say since when"
    elif "end" in period and datetime.fromisoformat(period["end"]) < datetime.fromisoformat(period["start"]):
        yield "it ends before it starts"
    provisions = resource.get("provision", ())
    if not resource.get("grantor") or not provisions or not all(e.get("actor") and e.get("code") for e in provisions):
        yield "it does not say who lets whom read what"


_AGENTS = frozenset("Practitioner PractitionerRole Organization CareTeam Patient Device RelatedPerson Group".split())


def _audit_event(resource: Resource) -> Iterator[str]:
    """Who did it: by a reference to one that FHIR allows there, an identifier, or a name; and who says so."""
    agents = resource.get("agent", ())
    for each in agents:
        who = each.get("who", {})
        if "reference" in who and who["reference"].partition("/")[0] not in _AGENTS:
            yield "an agent leads to another kind of resource"
        if not who.keys() & {"reference", "identifier", "display"}:
            yield "an agent is nobody"
    if not agents or "observer" not in resource.get("source", {}):
        yield "it does not say who did it, or who says so"


def _provenance(resource: Resource) -> Iterator[str]:
    """A signature over one version of something (per-1), by somebody, as a JWS without a payload."""
    targets = resource.get("target", ())
    if len(targets) != 1 or "/_history/" not in targets[0].get("reference", ""):
        yield "it is not about one version"
    if not resource.get("agent") or not resource.get("signature"):
        yield "nobody signed it"
    for each in resource.get("signature", ()):
        if not re.fullmatch(rb"[\w-]+\.\.[\w-]+", b64decode(each.get("data", ""))) or not each.get("type"):
            yield "a signature is no detached JWS"


_OF: dict[str, tuple[Callable[[Resource], Iterator[str]], ...]] = {
    "Appointment": (_appointment,),
    "MedicationRequest": (_medication_request,),
    "MedicationDispense": (_medication_dispense,),
    "Composition": (_composition,),
    "DocumentReference": (_document_reference,),
    "AllergyIntolerance": (_allergy,),
    "Consent": (_consent,),
    "AuditEvent": (_audit_event,),
    "Provenance": (_provenance,),
}


def _dangling(resource: Resource, there: set[str]) -> Iterator[str]:
    """References that lead to nothing in the bundle, though they lead to what it holds."""
    for each in _walk(resource):
        target = each.get("reference")
        if isinstance(target, str) and not target.startswith("#") and target not in there:
            yield target


def _targets(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and isinstance(each.get("reference"), str):
            yield each["reference"]


def _walk(value: Any) -> Iterator[Resource]:
    """Each object in a resource, itself first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
