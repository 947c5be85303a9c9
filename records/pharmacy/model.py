"""Tables of the pharmacy's side. Secrets are kept as hashes; what was given is sealed for the patient."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column
from records.prescriptions.model import prescription

pharmacy_access = Table(
    "pharmacy_access",
    metadata,
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""The secret that the paper carries: hashed for those who show it, sealed for the patient's next copy of the paper."""
PAPER_SECRET = sealed_column(
    pharmacy_access.c.sealed,
    source=pharmacy_access.join(prescription),
    subject=prescription.c.patient_id,
    row=pharmacy_access.c.prescription_id,
)

pharmacy_claim = Table(
    "pharmacy_claim",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), nullable=False),
    Column("fill", SmallInteger, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("ix_pharmacy_claim_prescription_id", "prescription_id"),
)
Index(
    "uq_pharmacy_claim_open",
    pharmacy_claim.c.prescription_id,
    unique=True,
    postgresql_where=pharmacy_claim.c.closed_at.is_(None),
)
"""A pharmacy that has taken a prescription on, by the secret that it was given: one at a time. `fill`: 1 is the first
dispensing, 2 the first repeat.
"""

pharmacy_dispense = Table(
    "pharmacy_dispense",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("claim_id", Uuid, ForeignKey("pharmacy_claim.id"), nullable=False),
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), nullable=False),
    Column("fill", SmallInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_pharmacy_dispense_prescription_id", "prescription_id"),
)
"""One handing over, by the id that the pharmacy's form had. A trigger refuses every change."""
GIVEN = sealed_column(
    pharmacy_dispense.c.sealed,
    source=pharmacy_dispense.join(prescription),
    subject=prescription.c.patient_id,
    row=pharmacy_dispense.c.id,
)
