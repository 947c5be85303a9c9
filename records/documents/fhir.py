"""A note or a sick note as a FHIR R5 Composition, there and back. Pure.

The Composition in canonical JSON is what the doctor signs and what is sealed: it has all that a version says but since
when the patient sees it, which is no matter of the doctor's words.
"""

import html
import re
from datetime import date, datetime
from uuid import UUID

from records.documents.rules import Content, Document, DocumentKind, DocumentStatus, Note, SickNote
from records.fhir import Resource, instant

CODE_SYSTEM = "urn:careconnect:document-code"
KIND_SYSTEM = "urn:careconnect:document-kind"
_NOTE, _ACTIVITY, _LIMITS, _DIAGNOSIS, _WHY = "Note", "Activity", "In what way", "Diagnosis", "Why it was withdrawn"
_PARAGRAPH = re.compile("<p>(.*?)</p>", re.DOTALL)


def composition(one: Document) -> Resource:
    """The resource; the time that a sick note is for is its event's period."""
    sick = one.content if isinstance(one.content, SickNote) else None
    title = "Sick note" if sick else "Note"
    event: Resource = {"detail": [{"reference": {"reference": f"Appointment/{one.appointment_id}"}}]}
    if sick:
        event["period"] = {"start": sick.first.isoformat(), "end": sick.last.isoformat()}
    return {
        "resourceType": "Composition",
        "id": str(one.id),
        "meta": {"versionId": str(one.version)},
        "identifier": [{"system": CODE_SYSTEM, "value": one.code}],
        "version": str(one.version),
        "status": one.status.value,
        "type": {"coding": [{"system": KIND_SYSTEM, "code": one.kind.value}], "text": title},
        "subject": [{"reference": f"Patient/{one.patient_id}", "display": one.patient_name}],
        "event": [event],
        "date": instant(one.changed_at),
        "author": [{"reference": f"Practitioner/{one.practitioner_id}", "display": one.practitioner_name}],
        "title": f"{title} {one.code}",
        "custodian": {"reference": f"Organization/{one.centre_id}", "display": one.centre_name},
        "section": [_section(name, text) for name, text in _sections(one)],
    }


def document_from(resource: Resource, *, created_at: datetime, shared_at: datetime | None) -> Document:
    """Read a resource that `composition` made."""
    (subject,), (author,), (event,) = resource["subject"], resource["author"], resource["event"]
    said = {each["title"]: _text(each) for each in resource["section"]}
    kind = DocumentKind(resource["type"]["coding"][0]["code"])
    content: Content = Note(said[_NOTE]) if kind is DocumentKind.NOTE else _sick_note(event["period"], said)
    return Document(
        id=UUID(resource["id"]),
        code=resource["identifier"][0]["value"],
        kind=kind,
        patient_id=_id(subject),
        practitioner_id=_id(author),
        appointment_id=_id(event["detail"][0]["reference"]),
        centre_id=_id(resource["custodian"]),
        created_at=created_at,
        shared_at=shared_at,
        version=int(resource["version"]),
        status=DocumentStatus(resource["status"]),
        changed_at=datetime.fromisoformat(resource["date"]),
        why=said.get(_WHY, ""),
        content=content,
        patient_name=subject["display"],
        practitioner_name=author["display"],
        centre_name=resource["custodian"]["display"],
    )


def _sick_note(period: dict[str, str], said: dict[str, str]) -> SickNote:
    return SickNote(
        date.fromisoformat(period["start"]),
        date.fromisoformat(period["end"]),
        said[_ACTIVITY],
        said.get(_LIMITS, ""),
        said.get(_DIAGNOSIS, ""),
    )


def _sections(one: Document) -> list[tuple[str, str]]:
    said: list[tuple[str, str]]
    if isinstance(one.content, Note):
        said = [(_NOTE, one.content.text)]
    else:
        said = [(_ACTIVITY, one.content.activity), (_LIMITS, one.content.limits), (_DIAGNOSIS, one.content.diagnosis)]
    if one.status is DocumentStatus.ENTERED_IN_ERROR:
        said.append((_WHY, one.why))
    return [(name, text) for name, text in said if text]


def _section(title: str, text: str) -> Resource:
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n"))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'
    return {"title": title, "text": {"status": "generated", "div": div}}


def _text(section: Resource) -> str:
    return "\n".join(html.unescape(line) for line in _PARAGRAPH.findall(section["text"]["div"]))


def _id(reference: Resource) -> UUID:
    return UUID(reference["reference"].partition("/")[2])
