"""A prescription as a FHIR R5 MedicationRequest, there and back. Pure."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from records.canonical import Json
from records.fhir import instant
from records.prescriptions.rules import Draft, Prescription, Status

CODE_SYSTEM = "urn:careconnect:prescription-code"
_ATC = "http://www.whocc.no/atc"
_COUNTED = re.compile(r"(0|[1-9][0-9]{0,8}) (\S.*)", re.DOTALL)


def medication_request(p: Prescription) -> dict[str, Json]:
    """The resource. Form and strength stand in a contained Medication, which alone has places for them."""
    resource: dict[str, Json] = {
        "resourceType": "MedicationRequest",
        "id": str(p.id),
        "meta": {"versionId": str(p.version)},
        "contained": [_medication(p.draft, p.atc)],
        "identifier": [{"system": CODE_SYSTEM, "value": p.code}],
        "status": p.status,
        "statusChanged": instant(p.status_changed),
        "intent": "order",
        "medication": {"reference": {"reference": "#medication"}},
        "subject": {"reference": f"Patient/{p.patient_id}", "display": p.patient_name},
        "supportingInformation": [
            {"reference": f"Appointment/{p.appointment_id}"},
            {"reference": f"Organization/{p.centre_id}", "display": p.centre_name},
        ],
        "authoredOn": instant(p.authored_on),
        "requester": {"reference": f"Practitioner/{p.practitioner_id}", "display": p.practitioner_name},
        "dosageInstruction": [{"text": p.draft.dosage, **p.dosage_coded}],
        "dispenseRequest": {
            "validityPeriod": {"start": instant(p.authored_on), "end": instant(p.valid_until)},
            "numberOfRepeatsAllowed": p.draft.repeats,
            "quantity": _quantity(p.draft.quantity),
        },
        "substitution": {"allowedBoolean": p.draft.substitution},
    }
    if p.status_reason:
        resource["statusReason"] = {"text": p.status_reason}
    if p.prior:
        resource["priorPrescription"] = {"reference": f"MedicationRequest/{p.prior}"}
    if p.draft.note:
        resource["note"] = [{"text": p.draft.note}]
    return resource


def version_of(resource: dict[str, Any]) -> int | None:
    """The version that a resource says it is; None for those from before they said so."""
    version = resource.get("meta", {}).get("versionId")
    return int(version) if version else None


def prescription_from(resource: dict[str, Any], *, version: int) -> Prescription:
    """Read a resource that `medication_request` made."""
    medication, dispense = resource["contained"][0], resource["dispenseRequest"]
    appointment, centre = resource["supportingInformation"]
    authored, until = (datetime.fromisoformat(dispense["validityPeriod"][end]) for end in ("start", "end"))
    strength = medication.get("ingredient", [{}])[0].get("strengthCodeableConcept", {})
    quantity = dispense["quantity"]
    return Prescription(
        id=UUID(resource["id"]),
        code=resource["identifier"][0]["value"],
        patient_id=_id(resource["subject"]),
        appointment_id=_id(appointment),
        practitioner_id=_id(resource["requester"]),
        centre_id=_id(centre),
        version=version,
        status=Status(resource["status"]),
        status_reason=resource.get("statusReason", {}).get("text", ""),
        status_changed=datetime.fromisoformat(resource["statusChanged"]),
        authored_on=authored,
        draft=Draft(
            medication=medication["code"]["text"],
            strength=strength.get("text", ""),
            form=medication.get("doseForm", {}).get("text", ""),
            dosage=resource["dosageInstruction"][0]["text"],
            quantity=f"{quantity['value']} {quantity['unit']}" if "value" in quantity else quantity["unit"],
            repeats=dispense["numberOfRepeatsAllowed"],
            substitution=resource["substitution"]["allowedBoolean"],
            valid_days=(until - authored).days,
            note=resource.get("note", [{}])[0].get("text", ""),
        ),
        dosage_coded={name: said for name, said in resource["dosageInstruction"][0].items() if name != "text"},
        prior=_id(resource["priorPrescription"]) if "priorPrescription" in resource else None,
        atc=medication["code"].get("coding", [{}])[0].get("code"),
        patient_name=resource["subject"]["display"],
        practitioner_name=resource["requester"]["display"],
        centre_name=centre["display"],
    )


def _medication(draft: Draft, atc: str | None) -> dict[str, Json]:
    code: dict[str, Json] = {"text": draft.medication}
    if atc:
        code["coding"] = [{"system": _ATC, "code": atc}]
    medication: dict[str, Json] = {"resourceType": "Medication", "id": "medication", "code": code}
    if draft.form:
        medication["doseForm"] = {"text": draft.form}
    if draft.strength:
        item = {"concept": {"text": draft.medication}}
        medication["ingredient"] = [{"item": item, "strengthCodeableConcept": {"text": draft.strength}}]
    return medication


def _quantity(text: str) -> dict[str, Json]:
    """A number and its unit where the text is that ("20 tablets"), otherwise the text as the unit."""
    counted = _COUNTED.fullmatch(text)
    return {"value": int(counted[1]), "unit": counted[2]} if counted else {"unit": text}


def _id(reference: dict[str, Any]) -> UUID:
    return UUID(reference["reference"].partition("/")[2])
