"""The blind index of names. A row for each patient of a centre; made when it is missed, see service."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Uuid

from core.tables import metadata

patient_lookup = Table(
    "patient_lookup",
    metadata,
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), primary_key=True, index=True),
    # Of the key in the key store (records.blind.SUBJECT): rows of an earlier one are made anew.
    Column("key_number", Integer, nullable=False),
    # Empty for one who was erased.
    Column("name", LargeBinary),
)
Index("ix_patient_lookup_name", patient_lookup.c.centre_id, patient_lookup.c.name)
