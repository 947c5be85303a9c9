"""What booking holds of a patient as FHIR R5: who they are, visits, referrals, and the doctors and centres of these.

What FHIR has no place for (prices, reminders, the steps of a visit) is exported row by row (records.export.held).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from booking.appointments.model import Appointment
from booking.appointments.model import appointment as _appointments
from booking.appointments.reading import found_appointments
from booking.appointments.reasons import reason_of
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.specialties import label_of
from booking.people.service import Patient, Person
from booking.referrals.model import Referral, referral
from booking.referrals.service import note_of, referral_to_send
from core.database import Tx
from records.fhir import Resource, instant


async def resources_of(tx: Tx, ctx: Context, person: Person, patient: Patient) -> list[Resource]:
    """For the patient, or who speaks for them: the caller has decided that. Raises RefusedError."""
    visits = await found_appointments(tx, _appointments.c.patient_id == patient.id)
    found = [_patient(patient)]
    for visit in visits:
        found.append(_appointment(visit, patient, await reason_of(tx, ctx, person, visit.id)))
    ids = await tx.conn.execute(select(referral.c.id).where(referral.c.patient_id == patient.id))
    for each in ids.scalars().all():
        one = await referral_to_send(tx, each)
        found.append(_service_request(one, patient, await note_of(tx, ctx, person, one)))
    return found


async def directory_of(tx: Tx, resources: Iterable[Resource]) -> list[Resource]:
    """The doctors and centres that these resources refer to."""
    wanted: dict[str, set[UUID]] = {"Practitioner": set(), "Organization": set()}
    for reference in _references(list(resources)):
        kind, _, name = reference.partition("/")
        if kind in wanted:
            wanted[kind].add(UUID(name))
    doctors = [await directory.practitioner(tx, each) for each in sorted(wanted["Practitioner"])]
    centres = [await directory.centre(tx, each) for each in sorted(wanted["Organization"])]
    return [
        *({"resourceType": "Practitioner", "id": str(each.id), "name": [{"text": each.name}]} for each in doctors),
        *({"resourceType": "Organization", "id": str(each.id), "name": each.name} for each in centres),
    ]


def _patient(patient: Patient) -> Resource:
    resource: Resource = {"resourceType": "Patient", "id": str(patient.id), "active": True}
    if patient.name:
        resource["name"] = [{"text": patient.name}]
    if patient.born:
        resource["birthDate"] = patient.born.isoformat()
    return resource


def _appointment(visit: Appointment, patient: Patient, reason: str | None) -> Resource:
    doctor = {"reference": f"Practitioner/{visit.practitioner.id}", "display": visit.practitioner.name}
    resource: Resource = {
        "resourceType": "Appointment",
        "id": str(visit.id),
        "identifier": [{"system": "urn:careconnect:visit-code", "value": visit.code}],
        "status": visit.status.value,
        "serviceType": [{"concept": {"text": f"{label_of(visit.service.specialty)}: {visit.service.name}"}}],
        "subject": _to(patient),
        "start": instant(visit.start),
        "end": instant(visit.end),
        "created": instant(visit.created_at),
        "participant": [
            {"actor": _to(patient), "status": "accepted"},
            {"actor": doctor, "status": "accepted"},
        ],
        "supportingInformation": [{"reference": f"Organization/{visit.centre.id}", "display": visit.centre.name}],
    }
    if reason:
        resource["reason"] = [{"concept": {"text": reason}}]
    return resource


def _service_request(one: Referral, patient: Patient, note: str | None) -> Resource:
    resource: Resource = {
        "resourceType": "ServiceRequest",
        "id": str(one.id),
        "status": one.state.value,
        "intent": "order",
        "priority": one.priority.value,
        "code": {"concept": {"text": label_of(one.specialty)}},
        "subject": _to(patient),
        "authoredOn": instant(one.created_at),
        "requester": {"reference": f"Practitioner/{one.requester_id}"},
        "supportingInfo": [{"reference": {"reference": f"Appointment/{one.appointment_id}"}}],
    }
    if one.performer_id:
        resource["performer"] = [{"reference": f"Practitioner/{one.performer_id}"}]
    if note:
        resource["note"] = [{"text": note}]
    return resource


def _to(patient: Patient) -> Resource:
    return {"reference": f"Patient/{patient.id}", **({"display": patient.name} if patient.name else {})}


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("reference"), str):
            yield reference
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
