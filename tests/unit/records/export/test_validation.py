"""Each of our own rules of FHIR finds what it is there for, and nothing where all is well."""

import copy
import importlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from records.access import Kind
from records.audit.rules import Action, Entry, Why
from records.consents.rules import Consent
from records.documents.fhir import composition
from records.documents.rules import DocumentKind, DocumentStatus, Note
from records.export import fhir
from records.export.held import Held
from records.export.r4 import r4_bundle
from records.export.readable import export_pdf
from records.export.validation import REQUIRED, faults_of
from records.files.rules import StoredFile
from records.pharmacy.rules import Given
from records.prescriptions.fhir import medication_request
from records.signing.jws import Signature, header_of
from tests.unit.records.documents.test_papers import SICK
from tests.unit.records.prescriptions.examples import DRAFT, NOW, PRESCRIPTION
from tests.unit.records.prescriptions.test_document import texts

PATIENT = PRESCRIPTION.patient_id
CONSENT = Consent(UUID(int=40), PATIENT, Kind.NOTE, UUID(int=41), UUID(int=42), NOW, NOW + timedelta(days=9))
SIGNATURE = Signature(bytes(64), header_of(UUID(int=50)))
TARGET = f"MedicationRequest/{PRESCRIPTION.id}/_history/"
Bundle = dict[str, Any]


def whole() -> Bundle:
    """One of each."""
    note = replace(
        SICK,
        id=UUID(int=20),
        kind=DocumentKind.NOTE,
        content=Note("a < b\nand & so"),
        status=DocumentStatus.ENTERED_IN_ERROR,
        why="typed twice",
        practitioner_id=PRESCRIPTION.practitioner_id,
        appointment_id=PRESCRIPTION.appointment_id,
    )
    sick = replace(SICK, id=UUID(int=21), practitioner_id=note.practitioner_id, appointment_id=note.appointment_id)
    file = StoredFile(
        UUID(int=22), PATIENT, UUID(int=9), PRESCRIPTION.appointment_id, None, NOW, NOW, None, 5, "a.txt",
        "text/plain", "ab" * 32, "blood test",
    )  # fmt: skip
    actor = {"reference": f"Patient/{PATIENT}"}
    visit = {
        "resourceType": "Appointment",
        "id": str(PRESCRIPTION.appointment_id),
        "identifier": [{"system": "urn:careconnect:visit-code", "value": "K7QM3F"}],
        "status": "fulfilled",
        "serviceType": [{"concept": {"text": "Cardiology"}}],
        "reason": [{"concept": {"text": "a cough"}}],
        "subject": actor,
        "start": fhir.instant(NOW),
        "end": fhir.instant(NOW + timedelta(minutes=20)),
        "participant": [{"actor": actor, "status": "accepted"}],
    }
    referral = {
        "resourceType": "ServiceRequest",
        "id": "referral",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"concept": {"text": "Dermatology"}},
        "subject": actor,
        "authoredOn": fhir.instant(NOW),
        "requester": {"reference": f"Practitioner/{PRESCRIPTION.practitioner_id}"},
        "supportingInfo": [{"reference": {"reference": f"Appointment/{PRESCRIPTION.appointment_id}"}}],
        "note": [{"text": "please look"}],
    }
    resources = [
        {"resourceType": "Patient", "id": str(PATIENT), "gender": "female", "name": [{"text": "Anna"}]},
        {"resourceType": "Practitioner", "id": str(PRESCRIPTION.practitioner_id), "name": [{"text": "Dr Osei"}]},
        {"resourceType": "Organization", "id": str(PRESCRIPTION.centre_id), "name": "Praxis"},
        visit,
        referral,
        dict(medication_request(replace(PRESCRIPTION, draft=replace(DRAFT, note="with food")))),
        *fhir.medication_dispenses(PRESCRIPTION, [Given(1, 20, NOW, "", "")]),
        *fhir.allergy_intolerances(PATIENT, ["penicillin"]),
        composition(note),
        composition(sick),
        fhir.provenance(replace(sick, signature=SIGNATURE)),
        fhir.document_reference(file),
        fhir.audit_event(Entry(UUID(int=30), NOW, None, Action.READ, PATIENT, "file", None, Why.DELIVERY)),
        fhir.audit_event(Entry(UUID(int=32), NOW, UUID(int=33), Action.READ, PATIENT, "file", None, Why.CARE)),
        fhir.provenance(replace(PRESCRIPTION, signature=SIGNATURE)),
        fhir.consent(CONSENT, NOW),
        fhir.basic(Held(UUID(int=31), "person", {"language": "de", "empty": " "}), PATIENT),
    ]
    return fhir.bundle(resources, at=NOW, base="https://care.example/fhir")


def of(bundle: Bundle, kind: str) -> dict[str, Any]:
    return next(each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind)


def test_where_all_is_well_there_is_no_fault() -> None:
    assert faults_of(whole()) == []


@pytest.mark.parametrize("release", ["", ".R4B"])
def test_each_resource_is_valid_in_both_releases(release: str) -> None:
    bundle = r4_bundle(whole()) if release else whole()
    for entry in bundle["entry"]:
        name = entry["resource"]["resourceType"]
        module = importlib.import_module(f"fhir.resources{release}.{name.lower()}")
        getattr(module, name).model_validate(entry["resource"])


def test_turning_to_the_release_before_loses_no_words() -> None:
    said = str(r4_bundle(whole()))
    for word in ("penicillin", "a &lt; b", "J06.9", "Dermatology", "please look", "a cough", "400 mg", "with food"):
        assert word in said


def test_who_did_something_is_named_by_identifier_for_fhir_knows_no_persons_there() -> None:
    resources = [each["resource"] for each in whole()["entry"]]
    agents = [each["agent"][0] for each in resources if each["resourceType"] == "AuditEvent"]
    assert [each["who"] for each in agents] == [
        {"display": "careConnect"},
        {"identifier": {"system": "urn:careconnect:person", "value": str(UUID(int=33))}},
    ]
    assert [each["requestor"] for each in agents] == [False, True]


def test_a_signature_is_told_in_the_release_that_it_is_over_alone() -> None:
    assert fhir.provenance(PRESCRIPTION) is None
    assert fhir.provenance(replace(PRESCRIPTION, signature=replace(SIGNATURE, header=None))) is None
    kinds = {each["resource"]["resourceType"] for each in r4_bundle(whole())["entry"]}
    assert "Provenance" not in kinds


def test_a_consent_says_how_long_and_in_r4_by_what_policy() -> None:
    later = NOW + timedelta(days=3)
    withdrawn = fhir.consent(replace(CONSENT, withdrawn_at=later), later)
    assert fhir.consent(CONSENT, NOW)["status"] == "active"
    assert fhir.consent(CONSENT, NOW + timedelta(days=9))["status"] == "inactive"
    assert (withdrawn["status"], withdrawn["period"]["end"]) == ("inactive", fhir.instant(later))
    assert "end" not in fhir.consent(replace(CONSENT, until=None), NOW)["period"]
    turned = r4_bundle({"entry": [{"resource": withdrawn}]})["entry"][0]["resource"]
    assert turned["patient"] == {"reference": f"Patient/{PATIENT}"}
    assert turned["provision"]["type"] == "permit"
    assert turned["provision"]["code"][0]["coding"][0]["code"] == "note"
    assert turned["policyRule"]["coding"][0]["code"] == "OPTIN"


@pytest.mark.parametrize("part", ["start", "end", "grantor", "actor", "code"])
def test_a_consent_that_does_not_say_who_what_and_when_is_found(part: str) -> None:
    bundle = whole()
    one = of(bundle, "Consent")
    match part:
        case "start":
            del one["period"]["start"]
        case "end":
            one["period"]["end"] = fhir.instant(NOW - timedelta(days=1))
        case "grantor":
            del one["grantor"]
        case _:
            del one["provision"][0][part]
    assert [fault for fault in faults_of(bundle) if fault.startswith("Consent/")]


@pytest.mark.parametrize(("kind", "element"), REQUIRED)
def test_a_word_of_no_value_set_is_found(kind: str, element: str) -> None:
    bundle = whole()
    (bundle if kind == "Bundle" else of(bundle, kind))[element] = "whatever"
    assert any(f"{element} is none of its value set" in fault for fault in faults_of(bundle))


def spoilt(kind: str, spoil: Callable[[dict[str, Any]], Any]) -> Bundle:
    bundle = copy.deepcopy(whole())
    spoil(bundle if kind == "Bundle" else of(bundle, kind))
    return bundle


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
SPOILT: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("Bundle", lambda b: b.update(total=3), "no total"),
    ("Bundle", lambda b: b["entry"].append(b["entry"][0]), "the same"),
    ("Bundle", lambda b: b["entry"][0].pop("fullUrl"), "missing"),
    ("Bundle", lambda b: b["entry"][0].update(search={}), "neither request"),
    ("Patient", lambda r: r.update(id="a b"), "id is malformed"),
    ("MedicationRequest", lambda r: r["contained"][0].update(id="other"), "not referred to"),
    ("MedicationRequest", lambda r: r["contained"][0].update(meta={"versionId": "1"}), "contains something"),
    ("MedicationRequest", lambda r: r.update(dosageInstruction=[]), "how to take it"),
    ("MedicationRequest", lambda r: r["dosageInstruction"][0].update(text=" "), "how to take it"),
    (
        "MedicationRequest",
        lambda r: r["dispenseRequest"]["validityPeriod"].update(end=r["dispenseRequest"]["validityPeriod"]["start"]),
        "never valid",
    ),
    ("MedicationRequest", lambda r: r["dispenseRequest"].update(numberOfRepeatsAllowed=-1), "no repeats"),
    ("MedicationRequest", lambda r: r.update(requester=r["subject"]), "another kind"),
    ("MedicationRequest", lambda r: r["contained"][0]["code"]["coding"][0].pop("system"), "no system"),
    ("MedicationRequest", lambda r: r.update(authoredOn="2026-12-01T09:00:00"), "no instant with a zone"),
    ("MedicationRequest", lambda r: r.update(authoredOn="2026-12-01T99:00:00Z"), "no instant with a zone"),
    ("MedicationDispense", lambda r: r["quantity"].update(value=0), "nothing was handed over"),
    ("MedicationDispense", lambda r: r.pop("whenHandedOver"), "nothing was handed over"),
    ("MedicationDispense", lambda r: r.update(authorizingPrescription=[]), "no prescription"),
    ("Composition", lambda r: r["section"][0]["text"].update(div="<div>"), "no XHTML"),
    ("Composition", lambda r: r["section"][0]["text"].update(div=DIV.format("<script>1</script>")), "other elements"),
    ("Composition", lambda r: r["section"][0]["text"].update(div=DIV.format(" ")), "nothing in it"),
    ("Composition", lambda r: r["section"][0].pop("text"), "section is empty"),
    ("Composition", lambda r: r.update(section=[]), "section is empty"),
    ("Composition", lambda r: r.update(author=[]), "no author"),
    ("Composition", lambda r: r.update(title=" "), "no title"),
    ("Composition", lambda r: r["custodian"].update(reference="Organization/none"), "leads nowhere"),
    ("DocumentReference", lambda r: r["content"][0]["attachment"].update(contentType="pdf"), "no kind"),
    ("DocumentReference", lambda r: r["content"][0]["attachment"].pop("title"), "no name"),
    ("DocumentReference", lambda r: r["content"][0]["attachment"].update(size=0), "is empty"),
    ("DocumentReference", lambda r: r.update(content=[]), "no file"),
    ("AllergyIntolerance", lambda r: r.pop("clinicalStatus"), "does not fit"),
    (
        "AllergyIntolerance",
        lambda r: r["verificationStatus"]["coding"][0].update(code="entered-in-error"),
        "does not fit",
    ),
    ("AllergyIntolerance", lambda r: r["code"].update(text=""), "against what"),
    ("AuditEvent", lambda r: r["agent"][0].update(who={"reference": "Person/1"}), "another kind"),
    ("AuditEvent", lambda r: r["agent"][0].update(who={}), "is nobody"),
    ("AuditEvent", lambda r: r.update(agent=[]), "who did it"),
    ("AuditEvent", lambda r: r.update(source={}), "who says so"),
    ("Provenance", lambda r: r["target"][0].update(reference=f"MedicationRequest/{PRESCRIPTION.id}"), "one version"),
    ("Provenance", lambda r: r["target"][0].update(reference=TARGET + "9"), "leads nowhere"),
    ("Provenance", lambda r: r.update(agent=[]), "nobody signed"),
    ("Provenance", lambda r: r.update(signature=[]), "nobody signed"),
    ("Provenance", lambda r: r["signature"][0].update(data=b64encode(b"a.b.c").decode()), "no detached JWS"),
    ("Provenance", lambda r: r["signature"][0].update(type=[]), "no detached JWS"),
    ("Appointment", lambda r: r.pop("start"), "start and end"),
    ("Appointment", lambda r: (r.pop("start"), r.pop("end")), "start and end"),
    ("Appointment", lambda r: r.update(end=r["start"]), "before it starts"),
    ("Appointment", lambda r: r["participant"][0].pop("actor"), "is nobody"),
    ("Appointment", lambda r: r.update(participant=[]), "is nobody"),
    ("Appointment", lambda r: r.update(cancellationReason={"text": "x"}), "not cancelled"),
]


@pytest.mark.parametrize(("kind", "spoil", "fault"), SPOILT)
def test_each_fault_is_found(kind: str, spoil: Callable[[dict[str, Any]], Any], fault: str) -> None:
    found = faults_of(spoilt(kind, spoil))
    assert any(fault in each for each in found), found


def test_what_is_not_to_take_place_needs_no_time() -> None:
    bundle = spoilt("Appointment", lambda r: (r.pop("start"), r.pop("end"), r.update(status="cancelled")))
    assert faults_of(bundle) == []


def test_the_document_says_it_all() -> None:
    said = "\n".join(text for _, text in texts(export_pdf(whole(), timezone="Europe/Berlin", release="R5")))
    for part in ("Anna", "a < b", "and & so", "J06.9", "penicillin", "Ibuprofen 400 mg", "blood test", "language: de",
                 "Dermatology", "a cough", "careConnect: read, to send what was asked for",
                 f"person {UUID(int=33)}: read, as a doctor who treats, or treated",
                 "20 of Ibuprofen 400 mg"):  # fmt: skip
        assert part in said.replace("\n", " ") or part in said, part
