"""Files, allergies, signatures, what was dispensed, the audit, and all the rest as FHIR R5 resources. Pure.

What FHIR has no resource for is a Basic: a row, its columns as
extensions.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from core.ids import id_of
from core.timezones import utc
from records.audit.rules import Action, Entry
from records.consents.rules import Consent, State
from records.documents.rules import Document
from records.export.held import Held
from records.fhir import Resource, instant
from records.files.rules import StoredFile
from records.pharmacy.rules import Given
from records.prescriptions.rules import Prescription
from records.signing.jws import CONTENT_TYPE

PERSON_SYSTEM = "urn:careconnect:person"
RECORD_SYSTEM = "urn:careconnect:record-kind"
COLUMN = "urn:careconnect:column:"
_ACTIONS = {Action.READ: "R", Action.WRITE: "U", Action.ERASE: "D"}
_LONGEST_EXTENSION = 1_000_000


def document_reference(one: StoredFile) -> Resource:
    """A file; its content is sent beside the export, under the same name."""
    resource: Resource = {
        "resourceType": "DocumentReference",
        "id": str(one.id),
        "status": "current",
        "subject": {"reference": f"Patient/{one.patient_id}"},
        "date": instant(one.sent_at),
        "content": [
            {
                "attachment": {
                    "contentType": one.mimetype,
                    "title": one.name,
                    "size": one.size,
                    "creation": instant(one.sent_at),
                    "url": f"urn:sha256:{one.sha256}",
                }
            }
        ],
    }
    if one.note:
        resource["description"] = one.note
    if one.appointment_id:
        resource["context"] = [{"reference": f"Appointment/{one.appointment_id}"}]
    return resource


def allergy_intolerances(patient_id: UUID, stated: Sequence[str]) -> list[Resource]:
    """What the patient says they do not tolerate; that there is nothing is a statement, too."""
    return [
        {
            "resourceType": "AllergyIntolerance",
            "id": str(id_of(f"allergy:{patient_id}:{name}")),
            "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
            "verificationStatus": _coded(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "unconfirmed"
            ),
            "code": {"text": name},
            "patient": {"reference": f"Patient/{patient_id}"},
        }
        for name in (stated or ["No known allergies"])
    ]


def medication_dispenses(one: Prescription, given: Iterable[Given]) -> list[Resource]:
    """What pharmacies handed out on a prescription."""
    return [
        {
            "resourceType": "MedicationDispense",
            "id": str(id_of(f"dispense:{one.id}:{number}")),
            "status": "completed",
            "medication": {"concept": {"text": each.product or f"{one.draft.medication} {one.draft.strength}".strip()}},
            "subject": {"reference": f"Patient/{one.patient_id}", "display": one.patient_name},
            "performer": [{"actor": {"display": each.pharmacy or "a pharmacy"}}],
            "authorizingPrescription": [{"reference": f"MedicationRequest/{one.id}"}],
            "quantity": {"value": each.amount},
            "whenHandedOver": instant(each.at),
        }
        for number, each in enumerate(given, 1)
    ]


def consent(one: Consent, now: datetime) -> Resource:
    """One kind of the records, opened to a person; until when, and whether it still is.

    Persons are named by identifier: a Consent refers to patients and practitioners, and who something was opened to
    may be neither. The row beside it (Basic) says who withdrew it.
    """
    ends = [each for each in (one.until, one.withdrawn_at) if each is not None]
    period = {"start": instant(one.given_at), **({"end": instant(min(ends))} if ends else {})}
    actor = {
        "role": _coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
        "reference": _person(one.given_to),
    }
    return {
        "resourceType": "Consent",
        "id": str(one.id),
        "status": "active" if one.state(now) is State.ACTIVE else "inactive",
        "category": [_coded("http://loinc.org", "59284-0")],
        "subject": {"reference": f"Patient/{one.patient_id}"},
        "date": utc(one.given_at).date().isoformat(),
        "period": period,
        "grantor": [_person(one.given_by)],
        "grantee": [_person(one.given_to)],
        "decision": "permit",
        "provision": [{"period": period, "actor": [actor], "code": [_coded(RECORD_SYSTEM, one.kind.value)]}],
    }


def _person(person_id: UUID) -> Resource:
    return {"identifier": {"system": PERSON_SYSTEM, "value": str(person_id)}}


def audit_event(entry: Entry) -> Resource:
    """Who looked at or wrote what, for what reason."""
    who = {"display": "careConnect"} if entry.actor is None else _person(entry.actor)
    return {
        "resourceType": "AuditEvent",
        "id": str(entry.id),
        "code": {"coding": [{"system": "urn:careconnect:audit-action", "code": entry.action.value}]},
        "action": _ACTIONS[entry.action],
        "recorded": instant(entry.at),
        "authorization": [{"text": entry.why.value}],
        "agent": [{"who": who, "requestor": entry.actor is not None}],
        "source": {"observer": {"display": "careConnect"}},
        "entity": [{"what": {"display": f"{entry.table} {entry.row or ''}".strip()}}],
    }


def provenance(one: Prescription | Document) -> Resource | None:
    """The doctor's signature over a version, as a JWS; None for those from before there were any.

    The JWS is detached: it is over the canonical JSON (RFC 8785) of the resource that `target` names.
    """
    jws = one.signature.compact() if one.signature else None
    if jws is None:
        return None
    kind, at = (
        ("Composition", one.changed_at) if isinstance(one, Document) else ("MedicationRequest", one.status_changed)
    )
    doctor = {"reference": f"Practitioner/{one.practitioner_id}", "display": one.practitioner_name}
    return {
        "resourceType": "Provenance",
        "id": str(id_of(f"signature:{one.id}:{one.version}")),
        "target": [{"reference": f"{kind}/{one.id}/_history/{one.version}"}],
        "recorded": instant(at),
        "agent": [{"who": doctor}],
        "signature": [
            {
                "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
                "when": instant(at),
                "who": doctor,
                "targetFormat": "application/fhir+json",
                "sigFormat": CONTENT_TYPE,
                "data": b64encode(jws.encode()).decode(),
            }
        ],
    }


def basic(row: Held, patient_id: UUID) -> Resource:
    """A row that FHIR has no better word for."""
    return {
        "resourceType": "Basic",
        "id": str(row.id),
        "extension": [
            {"url": f"{COLUMN}{name}", "valueString": value[:_LONGEST_EXTENSION]}
            for name, value in sorted(row.values.items())
            if value.strip()
        ],
        "code": {"text": row.table},
        "subject": {"reference": f"Patient/{patient_id}"},
    }


def bundle(resources: Iterable[Resource], *, at: datetime, base: str) -> Resource:
    """All of them, each version once, as a collection; `base` is what relative references are relative to."""
    once: dict[tuple[str, str, str], Resource] = {}
    for each in resources:
        once.setdefault((each["resourceType"], each["id"], each.get("meta", {}).get("versionId", "")), each)
    entries = [{"fullUrl": f"{base}/{kind}/{name}", "resource": each} for (kind, name, _), each in once.items()]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": instant(at), "entry": entries}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
