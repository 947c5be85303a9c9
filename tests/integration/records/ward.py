"""A doctor, a patient and others, for tests of records."""

import base64
import os
from uuid import UUID

import pyotp

from core.database import Tx
from core.ids import new_id
from core.settings import RecordsSettings
from records.access import Reader
from records.prescriptions.rules import Draft, Encounter, Prescription
from records.prescriptions.service import prescribe, withdraw_prescription
from records.sealing import Vault
from records.signing.service import begin_signing, confirm_signing, key_of
from records.signing.signature import Signer

ANNA, BEN, DOCTOR = new_id(), new_id(), new_id()
"""Two patients, and a practitioner."""
DRAFT = Draft("Ibuprofen", "400 mg", "tablet", "1 tablet up to 3 times a day, with food", "20 tablets")
VISIT = Encounter(new_id(), ANNA, "Anna Müller", DOCTOR, "Dr Ama Osei", new_id(), "Praxis am Park", started=True)

OSEI = Reader(new_id(), own=frozenset(), treats=frozenset({ANNA}), practitioner_id=DOCTOR)
COLLEAGUE = Reader(new_id(), own=frozenset(), treats=frozenset({ANNA}), practitioner_id=new_id())
HERSELF = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
STRANGER = Reader(new_id(), own=frozenset({BEN}), treats=frozenset(), practitioner_id=None)


async def signer_of(tx: Tx, vault: Vault, reader: Reader = OSEI) -> Signer:
    """A doctor's key, unlocked; set up at first use."""
    key = await key_of(tx, reader)
    if key:
        return _SIGNERS[key.id]
    begun = await begin_signing(tx, vault, reader, account="signing", issuer="careConnect")
    code = pyotp.parse_uri(begun.link).at(tx.now)
    signer = await confirm_signing(tx, vault, reader, code)
    assert isinstance(signer, Signer)
    _SIGNERS[signer.key_id] = signer
    return signer


_SIGNERS: dict[UUID, Signer] = {}


async def prescribed(
    tx: Tx, vault: Vault, draft: Draft = DRAFT, *, reader: Reader = OSEI, visit: Encounter = VISIT
) -> Prescription:
    """What Dr Osei prescribes and signs."""
    return await prescribe(tx, vault, reader, await signer_of(tx, vault), visit, draft)


async def withdrawn(tx: Tx, vault: Vault, which: UUID, reason: str, *, reader: Reader = OSEI) -> Prescription:
    """What Dr Osei withdraws."""
    return await withdraw_prescription(tx, vault, reader, await signer_of(tx, vault), which, reason)


def new_vault() -> Vault:
    return Vault.from_settings(RecordsSettings(key=base64.b64encode(os.urandom(32)).decode()))
