"""Tables of signing. In clear: ids and times, public keys. Private keys and factors are sealed for the doctor."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, Table, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column

signing_key = Table(
    "signing_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("valid_from", Moment),
    Column("valid_until", Moment),
)
Index(
    "uq_signing_key_practitioner_id",
    signing_key.c.practitioner_id,
    unique=True,
    postgresql_where=signing_key.c.valid_from.is_not(None) & signing_key.c.valid_until.is_(None),
)
"""`sealed`: the private key, encrypted under the factor's secret, then sealed for the doctor. Without `valid_from` it
waits for its first code; in force from then until `valid_until`, one of a practitioner at a time.
"""
LOCKED_KEY = sealed_column(signing_key.c.sealed, subject=signing_key.c.person_id, row=signing_key.c.id)

signing_factor = Table(
    "signing_factor",
    metadata,
    Column("key_id", Uuid, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", SmallInteger, nullable=False),
    Column("locked_until", Moment),
    Column("taken_at", Moment),
    schema="keys",
)
"""`sealed`: the secret that the doctor's authenticator has. Apart from the keys that it unlocks, as patients' are."""
FACTOR = sealed_column(
    signing_factor.c.sealed,
    source=signing_factor.join(signing_key, signing_factor.c.key_id == signing_key.c.id),
    subject=signing_key.c.person_id,
    row=signing_factor.c.key_id,
)
