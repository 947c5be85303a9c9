"""A doctor, a patient and others, for tests of records."""

import base64
import os

from core.ids import new_id
from core.settings import RecordsSettings
from records.access import Reader
from records.prescriptions.rules import Draft, Encounter
from records.sealing import Vault

ANNA, BEN, DOCTOR = new_id(), new_id(), new_id()
"""Two patients, and a practitioner."""
DRAFT = Draft("Ibuprofen", "400 mg", "tablet", "1 tablet up to 3 times a day, with food", "20 tablets")
VISIT = Encounter(new_id(), ANNA, "Anna Müller", DOCTOR, "Dr Ama Osei", new_id(), "Praxis am Park", started=True)

OSEI = Reader(new_id(), own=frozenset(), treats=frozenset({ANNA}), practitioner_id=DOCTOR)
COLLEAGUE = Reader(new_id(), own=frozenset(), treats=frozenset({ANNA}), practitioner_id=new_id())
HERSELF = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
STRANGER = Reader(new_id(), own=frozenset({BEN}), treats=frozenset(), practitioner_id=None)


def new_vault() -> Vault:
    return Vault.from_settings(RecordsSettings(key=base64.b64encode(os.urandom(32)).decode()))
