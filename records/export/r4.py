"""The resources that this service makes, from FHIR R5 to R4. Pure.

What changed between the two: https://hl7.org/fhir/R5/diff.html. Only what we write is turned; what R4 has no place for
goes into a text that people read, or is left out where it is said elsewhere.
"""

from collections.abc import Callable

from records.fhir import Resource


def r4_bundle(bundle: Resource) -> Resource:
    """The same bundle in R4, without the signatures: those are over the resources as they are in R5."""
    kept = [each for each in bundle["entry"] if each["resource"]["resourceType"] != "Provenance"]
    entries = [{**each, "resource": r4(each["resource"])} for each in kept]
    return {**bundle, "entry": entries}


def r4(resource: Resource) -> Resource:
    """One resource in R4. Those that are the same in both stay as they are."""
    turn = _TURNS.get(resource["resourceType"])
    return turn(dict(resource)) if turn else resource


def _medication_request(one: Resource) -> Resource:
    one.pop("statusChanged", None)
    one["contained"] = [_medication(each) for each in one["contained"]]
    one["medicationReference"] = one.pop("medication")["reference"]
    one["dosageInstruction"] = [_dosage(each) for each in one["dosageInstruction"]]
    return one


def _dosage(one: Resource) -> Resource:
    return {("asNeededBoolean" if name == "asNeeded" else name): said for name, said in one.items()}


def _medication(one: Resource) -> Resource:
    turned: Resource = {name: one[name] for name in ("resourceType", "id", "code") if name in one}
    if "doseForm" in one:
        turned["form"] = one["doseForm"]
    if "ingredient" in one:
        turned["ingredient"] = [
            {
                "itemCodeableConcept": {
                    "text": f"{each['item']['concept']['text']} {each['strengthCodeableConcept']['text']}"
                }
            }
            for each in one["ingredient"]
        ]
    return turned


def _medication_dispense(one: Resource) -> Resource:
    one["medicationCodeableConcept"] = one.pop("medication")["concept"]
    return one


def _composition(one: Resource) -> Resource:
    one.pop("version", None)
    one["identifier"] = one["identifier"][0]
    one["subject"] = one["subject"][0]
    one["event"] = [{**each, "detail": [detail["reference"] for detail in each["detail"]]} for each in one["event"]]
    return one


def _document_reference(one: Resource) -> Resource:
    if "context" in one:
        one["context"] = {"related": one.pop("context")}
    return one


def _appointment(one: Resource) -> Resource:
    if "reason" in one:
        one["reasonCode"] = [each["concept"] for each in one.pop("reason")]
    if "serviceType" in one:
        one["serviceType"] = [each["concept"] for each in one["serviceType"]]
    one.pop("subject", None)
    return one


def _service_request(one: Resource) -> Resource:
    if "code" in one:
        one["code"] = one["code"]["concept"]
    if "supportingInfo" in one:
        one["supportingInfo"] = [each["reference"] for each in one["supportingInfo"]]
    return one


def _audit_event(one: Resource) -> Resource:
    one["type"] = one.pop("code")["coding"][0]
    one["purposeOfEvent"] = one.pop("authorization")
    return one


def _consent(one: Resource) -> Resource:
    """R4 wants a scope and a policy, which R5 has in the decision: here the patient opts in (ppc-1)."""
    (provision,) = one.pop("provision")
    one["scope"] = _coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
    one["policyRule"] = _coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN")
    one["patient"] = one.pop("subject")
    one["performer"] = one.pop("grantor")
    one["dateTime"] = one.pop("period")["start"]
    one["provision"] = {"type": one.pop("decision"), **provision}
    del one["date"], one["grantee"]  # said by dateTime, and by the provision's actor
    return one


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


_TURNS: dict[str, Callable[[Resource], Resource]] = {
    "MedicationRequest": _medication_request,
    "MedicationDispense": _medication_dispense,
    "Composition": _composition,
    "DocumentReference": _document_reference,
    "Appointment": _appointment,
    "ServiceRequest": _service_request,
    "AuditEvent": _audit_event,
    "Consent": _consent,
}
