"""A prescription for tests to change."""

from datetime import UTC, datetime
from uuid import UUID

from records.prescriptions.rules import Draft, Prescription, Status

NOW = datetime(2026, 11, 23, 9, 30, 15, 250_000, tzinfo=UTC)
DRAFT = Draft("Ibuprofen", "400 mg", "tablet", "1 tablet up to 3 times a day, with food", "20 tablets")
PRESCRIPTION = Prescription(
    id=UUID(int=1),
    code="7K4Q2M",
    patient_id=UUID(int=2),
    appointment_id=UUID(int=3),
    practitioner_id=UUID(int=4),
    centre_id=UUID(int=5),
    version=1,
    status=Status.ACTIVE,
    status_reason="",
    status_changed=NOW,
    authored_on=NOW,
    draft=DRAFT,
    atc="M01AE01",
    patient_name="Anna Müller-Łukasiewicz",
    practitioner_name="Dr Ama Osei",
    centre_name="Praxis am Park, Berlin",
)
