"""What a patient does not tolerate, in the patient's words: sealed, each statement in the place of the one before."""

import json
import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.errors import BadInputError
from records.access import Kind, Reader, require_read, require_write
from records.audit.rules import Action
from records.audit.service import note_by
from records.canonical import canonical
from records.prescriptions.model import ALLERGIES, allergy_list
from records.sealing import Vault

_MOST, _LONGEST = 30, 100


def read_allergies(text: str) -> list[str]:
    """Read "penicillin, nuts"; "none" is none. Raises BadInputError for nothing, and for too much."""
    if text.strip().casefold().strip(" .!") in {"none", "no", "no allergies", "nothing", "keine"}:
        return []
    said = [" ".join(part.split()) for part in re.split(r"[,;\n]| and ", text)]
    said = list(dict.fromkeys(part for part in said if part))
    if not said:
        raise BadInputError("Write what is not tolerated, with commas between: allergies penicillin, nuts. Or: none.")
    if len(said) > _MOST or any(len(part) > _LONGEST or not part.isprintable() for part in said):
        raise BadInputError("That is too long to be checked. Write {most} at most, in a word or two each.", most=_MOST)
    return said


async def state_allergies(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, said: Sequence[str]) -> None:
    """Write down what the patient's side, or a doctor who treats them, says. Empty: there are none.

    Raises RefusedError, ErasedError.
    """
    by = require_write(reader, Kind.ALLERGIES, patient_id)
    held = select(allergy_list.c.version).where(allergy_list.c.patient_id == patient_id).with_for_update()
    version = ((await tx.conn.execute(held)).scalar_one_or_none() or 0) + 1
    sealed = await vault.seal(tx, patient_id, ALLERGIES.place(patient_id, version), canonical(list(said)))
    values = {"version": version, "sealed": sealed, "updated_at": tx.now}
    await tx.conn.execute(
        insert(allergy_list)
        .values(patient_id=patient_id, **values)
        .on_conflict_do_update(index_elements=[allergy_list.c.patient_id], set_=values)
    )
    await note_by(tx, reader, by, Action.WRITE, subject=patient_id, table=allergy_list.name)


async def allergies_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[str] | None:
    """What was stated last; None if nothing ever was. Raises RefusedError, ErasedError."""
    by = require_read(reader, Kind.ALLERGIES, patient_id)
    row = (await tx.conn.execute(select(allergy_list).where(allergy_list.c.patient_id == patient_id))).one_or_none()
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=allergy_list.name)
    if row is None:
        return None
    said: list[str] = json.loads(await vault.open(tx, patient_id, ALLERGIES.place(patient_id, row.version), row.sealed))
    return said
