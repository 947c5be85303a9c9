"""Rows of the pharmacy's side: sealed when they are written, opened when they are read. Decides nothing."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from core.database import Tx
from records.canonical import Json, canonical
from records.pharmacy.model import GIVEN, PAPER_SECRET, pharmacy_access, pharmacy_claim, pharmacy_dispense
from records.pharmacy.rules import Given
from records.sealing import Vault

_CLAIM = pharmacy_claim.c


async def something_given(tx: Tx, prescription_id: UUID) -> bool:
    """Whether a pharmacy has handed out anything on a prescription."""
    given = select(exists().where(pharmacy_dispense.c.prescription_id == prescription_id))
    return bool((await tx.conn.execute(given)).scalar_one())


async def access_row(tx: Tx, prescription_id: UUID) -> Row[Any] | None:
    """The paper's secret as it is stored, if there is a paper."""
    wanted = select(pharmacy_access).where(pharmacy_access.c.prescription_id == prescription_id)
    return (await tx.conn.execute(wanted)).one_or_none()


async def add_access(tx: Tx, vault: Vault, patient_id: UUID, prescription_id: UUID, secret: str, kept: bytes) -> None:
    """Keep the paper's secret, hashed as `kept`, and sealed for the next copy; of two at once the first stays."""
    sealed = await vault.seal(tx, patient_id, PAPER_SECRET.place(prescription_id), secret.encode())
    values = {"prescription_id": prescription_id, "secret_hash": kept, "sealed": sealed}
    await tx.conn.execute(insert_new(pharmacy_access).values(**values).on_conflict_do_nothing())


async def opened_access(tx: Tx, vault: Vault, patient_id: UUID, row: Row[Any]) -> str:
    """The paper's secret. Raises SealBrokenError, ErasedError."""
    return (await vault.open(tx, patient_id, PAPER_SECRET.place(row.prescription_id), row.sealed)).decode()


async def claims_of(tx: Tx, prescription_id: UUID) -> Sequence[Row[Any]]:
    """All who have taken it on, the newest first."""
    wanted = select(pharmacy_claim).where(_CLAIM.prescription_id == prescription_id)
    return (await tx.conn.execute(wanted.order_by(_CLAIM.accepted_at.desc(), _CLAIM.id.desc()))).all()


async def add_claim(tx: Tx, claim_id: UUID, prescription_id: UUID, fill: int, kept: bytes, until: datetime) -> None:
    """A pharmacy takes it on. A unique index lets in one at a time."""
    await tx.conn.execute(
        insert(pharmacy_claim).values(
            id=claim_id,
            prescription_id=prescription_id,
            fill=fill,
            secret_hash=kept,
            accepted_at=tx.now,
            expires_at=until,
        )
    )


async def close_claim(tx: Tx, claim_id: UUID) -> None:
    """It is over with this pharmacy."""
    await tx.conn.execute(update(pharmacy_claim).where(_CLAIM.id == claim_id).values(closed_at=tx.now))


async def keep_claim(tx: Tx, claim_id: UUID, until: datetime) -> None:
    """The pharmacy has done something with it."""
    await tx.conn.execute(update(pharmacy_claim).where(_CLAIM.id == claim_id).values(expires_at=until))


async def given_with(tx: Tx, dispense_id: UUID) -> Row[Any] | None:
    """The handing over of that id."""
    wanted = select(pharmacy_dispense).where(pharmacy_dispense.c.id == dispense_id)
    return (await tx.conn.execute(wanted)).one_or_none()


async def add_given(
    tx: Tx, vault: Vault, patient_id: UUID, prescription_id: UUID, claim_id: UUID, dispense_id: UUID, given: Given
) -> None:
    """Write down a handing over."""
    said: dict[str, Json] = {"amount": given.amount, "product": given.product, "pharmacy": given.pharmacy}
    await tx.conn.execute(
        insert(pharmacy_dispense).values(
            id=dispense_id,
            claim_id=claim_id,
            prescription_id=prescription_id,
            fill=given.fill,
            created_at=given.at,
            sealed=await vault.seal(tx, patient_id, GIVEN.place(dispense_id), canonical(said)),
        )
    )


async def given_of(tx: Tx, vault: Vault, patient_id: UUID, prescription_id: UUID) -> tuple[Given, ...]:
    """All that was handed out, oldest first. Raises SealBrokenError, ErasedError."""
    table = pharmacy_dispense.c
    wanted = select(pharmacy_dispense).where(table.prescription_id == prescription_id)
    rows = (await tx.conn.execute(wanted.order_by(table.created_at, table.id))).all()
    plains = await vault.open_all(tx, patient_id, [(GIVEN.place(row.id), row.sealed) for row in rows])
    return tuple(
        Given(fill=row.fill, at=row.created_at, **json.loads(plain)) for row, plain in zip(rows, plains, strict=True)
    )
