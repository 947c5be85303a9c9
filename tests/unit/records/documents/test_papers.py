"""The PDFs: what they say, and what the employer's copy must not say."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from core.languages import speaking
from records.documents.papers import document_pdf
from records.documents.rules import Document, DocumentKind, DocumentStatus, Note, SickNote
from tests.unit.records.prescriptions.test_document import texts

NOW = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
SICK = Document(
    id=UUID(int=1),
    code="7K4Q2M",
    kind=DocumentKind.SICK_NOTE,
    patient_id=UUID(int=2),
    practitioner_id=UUID(int=3),
    appointment_id=UUID(int=4),
    centre_id=UUID(int=5),
    created_at=NOW,
    shared_at=NOW,
    version=1,
    status=DocumentStatus.FINAL,
    changed_at=NOW,
    why="",
    content=SickNote(date(2026, 12, 1), date(2026, 12, 4), "work", "", "J06.9 common cold"),
    patient_name="Anna Müller",
    practitioner_name="Dr Ama Osei",
    centre_name="Praxis am Park",
)


def words(one: Document, *, employer: bool = False) -> str:
    return "\n".join(text for _, text in texts(document_pdf(one, timezone="Europe/Berlin", employer=employer)))


def test_a_sick_note_says_all_of_it() -> None:
    said = words(SICK)
    for part in (
        "Code 7K4Q2M",
        "Anna Müller",
        "Dr Ama Osei, Praxis am Park",
        "1 December 2026, 09:30 (Europe/Berlin)",
        "Can not do: work",
        "Tuesday, 1 December 2026",
        "Friday, 4 December 2026",
        "J06.9 common cold",
        "not a qualified electronic signature",
    ):
        assert part in said


def test_the_employers_copy_does_not_say_why() -> None:
    withdrawn = replace(SICK, status=DocumentStatus.ENTERED_IN_ERROR, why="it was no cold")
    for one in (SICK, withdrawn):
        pdf = document_pdf(one, timezone="Europe/Berlin", employer=True)
        said = "\n".join(text for _, text in texts(pdf))
        assert "Friday, 4 December 2026" in said
        for part in ("J06.9", "cold", "iagnosis"):
            assert part not in said
            assert part.encode() not in pdf
    assert "WITHDRAWN" in words(withdrawn, employer=True)
    assert "it was no cold" in words(withdrawn)


def test_a_note_and_its_changes() -> None:
    note = replace(SICK, kind=DocumentKind.NOTE, content=Note("mole removed\nwound dry"))
    assert "wound dry" in words(note)
    changed = replace(note, version=2, status=DocumentStatus.AMENDED)
    assert "version 2" in words(changed)


def test_the_same_is_the_same() -> None:
    assert document_pdf(SICK, timezone="UTC") == document_pdf(SICK, timezone="UTC")


def test_it_says_whether_it_was_signed() -> None:
    assert "carries none. It shows what the doctor" in words(SICK).replace("\n", " ")
    signed = words(replace(SICK, signed_by=UUID(int=7))).replace("\n", " ")
    assert f"checked the signature (key {UUID(int=7)})" in signed
    assert "not a qualified electronic signature" in signed


def test_an_employer_reads_the_sick_note_in_the_countrys_language() -> None:
    with speaking("es"):
        pdf = document_pdf(SICK, timezone="Europe/Berlin", employer=True, beside="de")
        note = document_pdf(replace(SICK, content=Note("sano")), timezone="Europe/Berlin", beside="de")
    said = "\n".join(text for _, text in texts(pdf))
    assert "Krankschreibung" in said
    assert "Kann nicht: Arbeit" in said
    assert "No puede hacer: trabajo" in said
    assert "Freitag, 4. Dezember 2026" in said
    assert "Geschrieben von" not in "\n".join(text for _, text in texts(note))  # a note is the patient's own
