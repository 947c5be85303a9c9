"""A prescription is a valid FHIR R5 MedicationRequest, and reads back as it was."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.medication import Medication
from fhir.resources.medicationrequest import MedicationRequest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError
from records.canonical import canonical
from records.prescriptions.fhir import medication_request, prescription_from
from records.prescriptions.rules import Draft, Prescription, Status, checked
from tests.unit.records.prescriptions.examples import DRAFT, NOW, PRESCRIPTION

FULL = replace(
    PRESCRIPTION,
    version=2,
    status=Status.CANCELLED,
    status_reason="allergy found",
    status_changed=NOW + timedelta(hours=3),
    prior=UUID(int=8),
    draft=replace(DRAFT, repeats=3, substitution=False, valid_days=30, note="first line\nsecond line 🌡"),
)
BARE = replace(PRESCRIPTION, atc=None, draft=replace(DRAFT, strength="", form="", quantity="one tube"))


def read_back(p: Prescription) -> Prescription:
    return prescription_from(json.loads(canonical(medication_request(p))), version=p.version)


def validated(p: Prescription) -> MedicationRequest:
    resource = json.loads(canonical(medication_request(p)))
    request = MedicationRequest.model_validate(resource)
    _required_values(request, resource)
    Medication.model_validate(resource["contained"][0])
    return request


def _required_values(request: Any, resource: dict[str, Any]) -> None:
    """What fhir.resources knows and does not check: the value sets that FHIR requires."""
    for name in ("status", "intent"):
        allowed = type(request).model_fields[name].json_schema_extra["enum_values"]
        assert resource[name] in allowed


@pytest.mark.parametrize("p", [PRESCRIPTION, FULL, BARE], ids=["plain", "full", "bare"])
def test_it_is_valid_fhir_and_reads_back_as_it_was(p: Prescription) -> None:
    validated(p)
    assert read_back(p) == p


@pytest.mark.parametrize("status", Status)
def test_every_state_is_one_of_fhirs(status: Status) -> None:
    validated(replace(PRESCRIPTION, status=status))


def test_fhir_finds_its_own_things_in_it() -> None:
    request = validated(FULL)
    assert request.status == "cancelled"
    assert request.statusReason.text == "allergy found"
    assert request.intent == "order"
    assert (request.meta.versionId, request.priorPrescription.reference) == ("2", f"MedicationRequest/{UUID(int=8)}")
    assert request.identifier[0].value == "7K4Q2M"
    assert request.subject.reference == f"Patient/{FULL.patient_id}"
    assert request.requester.display == "Dr Ama Osei"
    assert request.authoredOn == NOW
    assert request.dosageInstruction[0].text == DRAFT.dosage
    assert request.dispenseRequest.numberOfRepeatsAllowed == 3
    assert (request.dispenseRequest.quantity.value, request.dispenseRequest.quantity.unit) == (20, "tablets")
    assert request.dispenseRequest.validityPeriod.end == NOW + timedelta(days=30)
    assert request.substitution.allowedBoolean is False
    medication = request.contained[0]
    assert (medication.code.coding[0].code, medication.doseForm.text) == ("M01AE01", "tablet")
    assert medication.ingredient[0].strengthCodeableConcept.text == "400 mg"


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("20 tablets", 20), ("0 x", 0), ("020 tablets", None), ("20", None), ("2,5 ml", None), ("9999999999 x", None)],
)
def test_a_quantity_is_a_number_only_where_nothing_is_lost(quantity: str, value: int | None) -> None:
    p = replace(PRESCRIPTION, draft=replace(DRAFT, quantity=quantity))
    found = validated(p).dispenseRequest.quantity
    assert (None if found.value is None else int(found.value)) == value
    assert read_back(p) == p


_words = st.text(max_size=60)


@given(st.builds(Draft, _words, _words, _words, _words, _words, st.integers(0, 11), st.booleans(), st.integers(1, 365)))
def test_whatever_may_be_prescribed_reads_back_as_it_was(draft: Draft) -> None:
    try:
        draft = checked(draft)
    except BadInputError:
        return
    p = replace(PRESCRIPTION, draft=draft)
    validated(p)
    assert read_back(p) == p
