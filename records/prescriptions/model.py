"""Tables of prescriptions. In clear: ids, states and times. What was prescribed is sealed, version by version."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column

prescription = Table(
    "prescription",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("patient_id", Uuid, nullable=False),
    Column("practitioner_id", Uuid, nullable=False),
    Column("appointment_id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_prescription_patient_id_created_at", "patient_id", "created_at"),
)
"""`status` and `version` are those of the newest row of prescription_version."""

prescription_version = Table(
    "prescription_version",
    metadata,
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signing_key_id", Uuid, ForeignKey("signing_key.id")),
    Column("signature", LargeBinary),
    # The protected header of the JWS; none of those from before they were JWS.
    Column("signature_header", Text),
)
"""A trigger refuses every change. `sealed` is a FHIR R5 MedicationRequest in canonical JSON, and `signature` is over
just these bytes, behind its header. A version that a pharmacy's dispensing made holds what the doctor signed before,
with a state of its own. A trigger refuses new rows without a signature; those from before there were any stay as they
are.
"""
CONTENT = sealed_column(
    prescription_version.c.sealed,
    source=prescription_version.join(prescription),
    subject=prescription.c.patient_id,
    row=prescription_version.c.prescription_id,
    version=prescription_version.c.version,
    centre=prescription.c.centre_id,
)

allergy_list = Table(
    "allergy_list",
    metadata,
    Column("patient_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""What a patient says they do not tolerate: an empty list is a statement, too."""
ALLERGIES = sealed_column(
    allergy_list.c.sealed,
    subject=allergy_list.c.patient_id,
    row=allergy_list.c.patient_id,
    version=allergy_list.c.version,
)

favourite_list = Table(
    "favourite_list",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""What a doctor has at hand when prescribing."""
FAVOURITES = sealed_column(
    favourite_list.c.sealed,
    subject=favourite_list.c.person_id,
    row=favourite_list.c.person_id,
    version=favourite_list.c.version,
)

renewal = Table(
    "renewal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("asked_by", Uuid, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("renewed_by", Uuid, ForeignKey("prescription.id")),
)
Index("uq_renewal_open", renewal.c.prescription_id, unique=True, postgresql_where=renewal.c.answered_at.is_(None))
Index("ix_renewal_patient_id", renewal.c.patient_id)
"""What patients ask doctors to prescribe again. `renewed_by`: the new prescription; none once it was declined."""
