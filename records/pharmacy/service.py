"""Check a prescription, take it on, give it out, hand it back. Who may is who has the paper's or the pharmacy's secret.

Every call that changes something holds the prescription's lock, and can be repeated: whoever got no answer asks again
with the same secret (and the same id of a handing over) and is told what happened.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.database import Tx
from core.errors import ConflictError, RefusedError
from core.ids import new_id, normal_code
from records.audit.rules import Action, Why
from records.audit.service import note
from records.pharmacy import store
from records.pharmacy.model import pharmacy_claim, pharmacy_dispense
from records.pharmacy.rules import (
    CLAIM_KEPT,
    Given,
    Standing,
    Supply,
    checked_amount,
    checked_words,
    require_dispensable,
    standing_of,
    supply_of,
)
from records.pharmacy.secrets import fits, hashed, new_typed_secret, read_secret
from records.prescriptions import store as prescriptions
from records.prescriptions.model import prescription
from records.prescriptions.rules import Prescription, Status, require_move
from records.sealing import Vault

_WRONG = "That code does not fit this prescription. Check it letter by letter."
_TAKEN = "Another pharmacy has taken this prescription on. It has to hand it back first."


@dataclass(frozen=True, slots=True)
class Paper:
    """What a pharmacy is shown once it has shown a secret."""

    prescription: Prescription
    supply: Supply
    standing: Standing


async def access_secret(tx: Tx, vault: Vault, written: Prescription) -> str:
    """Return the secret that the patient's paper carries: made for the first copy, the same for all.

    For those who send the patient the paper. Raises ErasedError.
    """
    row = await store.access_row(tx, written.id)
    if row is None:
        secret = new_typed_secret()
        await store.add_access(tx, vault, written.patient_id, written.id, secret, hashed(secret))
        row = await store.access_row(tx, written.id)
        assert row is not None
    return await store.opened_access(tx, vault, written.patient_id, row)


async def check(tx: Tx, vault: Vault, code: str) -> Standing:
    """How the prescription of that code stands, for anybody: its signature is checked, nothing of it is told.

    Raises RefusedError (there is none), ForgedError, ErasedError.
    """
    found = await _find(tx, vault, code)
    return await _standing(tx, found)


async def show(tx: Tx, vault: Vault, code: str, access: str) -> Paper:
    """What was prescribed, for who has the paper. Raises RefusedError, ForgedError, ErasedError."""
    found = await _with_access(tx, vault, code, access)
    await _note(tx, found, Action.READ, prescription.name, found.id)
    return await _paper(tx, vault, found)


async def accept(tx: Tx, vault: Vault, code: str, access: str, claim: str) -> Paper:
    """Take a prescription on for one fill; `claim` is the pharmacy's secret from then on.

    Of many at once one succeeds; the same secret again is answered as at first.
    Raises RefusedError, ConflictError (another pharmacy has it, or nothing may be given), ForgedError, ErasedError.
    """
    found = await _with_access(tx, vault, code, access, lock=True)
    secret = read_secret(claim)
    if secret is None:
        raise RefusedError(_WRONG)
    require_dispensable(await _standing(tx, found))
    paper = await _paper(tx, vault, found)
    for row in await store.claims_of(tx, found.id):
        if fits(secret, row.secret_hash):
            if row.closed_at is None:
                return paper
            raise ConflictError(
                "This pharmacy code was used already. Open the prescription's page again for a new one."
            )
        if row.closed_at is None:
            if tx.now < row.expires_at:
                raise ConflictError(_TAKEN)
            await store.close_claim(tx, row.id)
    assert paper.supply.fill is not None  # otherwise it is used up
    claim_id = new_id()
    await store.add_claim(tx, claim_id, found.id, paper.supply.fill, hashed(secret), tx.now + CLAIM_KEPT)
    await _note(tx, found, Action.WRITE, pharmacy_claim.name, claim_id)
    return replace(paper, standing=Standing.TAKEN)


async def claimed(tx: Tx, vault: Vault, code: str, claim: str) -> tuple[Paper, bool]:
    """What was prescribed and given, for the pharmacy that took it on; and whether it still holds it.

    Raises RefusedError, ForgedError, ErasedError.
    """
    found, row = await _with_claim(tx, vault, code, claim)
    await _note(tx, found, Action.READ, prescription.name, found.id)
    return await _paper(tx, vault, found), row.closed_at is None


async def dispense(
    tx: Tx, vault: Vault, code: str, claim: str, dispense_id: UUID, *, amount: str, product: str, pharmacy: str
) -> Paper:
    """Write down that something was handed out: all that is left of the fill if `amount` is empty.

    The same `dispense_id` again changes nothing. A fill that is given ends the claim, the last one the prescription.
    Raises RefusedError, BadInputError, ConflictError (the claim is over, or nothing may be given), ForgedError,
    ErasedError.
    """
    found, row = await _with_claim(tx, vault, code, claim, lock=True)
    before = await store.given_with(tx, dispense_id)
    paper = await _paper(tx, vault, found)
    if before is not None:
        if before.claim_id != row.id:
            raise RefusedError(_WRONG)
        return paper
    if row.closed_at is not None:
        raise ConflictError("This prescription is no longer with you: what you had of it was given or handed back.")
    require_dispensable(await _standing(tx, found))
    given = Given(
        row.fill, checked_amount(amount, paper.supply), tx.now, checked_words(product), checked_words(pharmacy)
    )
    await store.add_given(tx, vault, found.patient_id, found.id, row.id, dispense_id, given)
    await _note(tx, found, Action.WRITE, pharmacy_dispense.name, dispense_id)
    supply = replace(paper.supply, given=(*paper.supply.given, given))
    if supply.fill == row.fill:
        await store.keep_claim(tx, row.id, tx.now + CLAIM_KEPT)
    else:
        await store.close_claim(tx, row.id)
    if supply.fill is None:
        require_move(found.status, Status.COMPLETED)
        found = await prescriptions.complete(tx, vault, found)
        await _note(tx, found, Action.WRITE, prescription.name, found.id)
    return Paper(found, supply, await _standing(tx, found))


async def hand_back(tx: Tx, vault: Vault, code: str, claim: str) -> Paper:
    """End a claim, so that another pharmacy can give what is left. Again: changes nothing.

    Raises RefusedError, ForgedError, ErasedError.
    """
    found, row = await _with_claim(tx, vault, code, claim, lock=True)
    if row.closed_at is None:
        await store.close_claim(tx, row.id)
        await _note(tx, found, Action.WRITE, pharmacy_claim.name, row.id)
    return await _paper(tx, vault, found)


async def _find(tx: Tx, vault: Vault, code: str, *, lock: bool = False) -> Prescription:
    which = prescription.c.code == normal_code(code)
    if lock:
        await prescriptions.lock_where(tx, which)
    row = (await tx.conn.execute(prescriptions.newest().where(which))).one_or_none()
    if row is None:
        raise RefusedError("There is no prescription with that code.")
    return (await prescriptions.opened(tx, vault, row.patient_id, [row], check=True))[0]


async def _with_access(tx: Tx, vault: Vault, code: str, access: str, *, lock: bool = False) -> Prescription:
    found = await _find(tx, vault, code, lock=lock)
    row = await store.access_row(tx, found.id)
    if row is None or not fits(read_secret(access), row.secret_hash):
        raise RefusedError(_WRONG)
    return found


async def _with_claim(
    tx: Tx, vault: Vault, code: str, claim: str, *, lock: bool = False
) -> tuple[Prescription, Row[Any]]:
    found = await _find(tx, vault, code, lock=lock)
    secret = read_secret(claim)
    rows = [row for row in await store.claims_of(tx, found.id) if fits(secret, row.secret_hash)]
    if not rows:
        raise RefusedError(_WRONG)
    return found, rows[0]


async def _standing(tx: Tx, found: Prescription) -> Standing:
    claims = await store.claims_of(tx, found.id)
    taken = any(row.closed_at is None and tx.now < row.expires_at for row in claims)
    return standing_of(found, tx.now, taken=taken)


async def _paper(tx: Tx, vault: Vault, found: Prescription) -> Paper:
    given = await store.given_of(tx, vault, found.patient_id, found.id)
    return Paper(found, supply_of(found.draft, given), await _standing(tx, found))


async def _note(tx: Tx, found: Prescription, action: Action, table: str, row: UUID) -> None:
    await note(tx, actor=None, action=action, subject=found.patient_id, table=table, row=row, why=Why.PHARMACY)
