"""Doctors' signing keys: set up with an authenticator, unlocked by its codes, revoked; public parts are kept.

The first authenticator is taken on trust: whoever has a doctor's account then becomes the one who signs. Every later
one needs a code of the one before, or the word of who runs the doctor's centre. Each is noted in the audit.
"""

import io
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import segno
from sqlalchemy import Row, delete, insert, select, update

from core.database import Tx
from core.errors import ConflictError, RefusedError
from core.ids import new_id
from records.access import Reader
from records.audit.rules import Action, Why
from records.audit.service import note
from records.sealing import Vault
from records.signing.codes import Tries, link_of, new_factor, tried
from records.signing.model import FACTOR, LOCKED_KEY, signing_factor, signing_key
from records.signing.signature import PublicKey, Signer, lock_key, new_secret_key, unlock_key

_KEY, _FACTOR = signing_key.c, signing_factor.c


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A key that waits for the first code of its authenticator."""

    key_id: UUID
    link: str = field(repr=False)
    """The otpauth link; whoever reads it can make codes."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code was not taken: wrong, used already, or too many were tried. To be committed, so that it counts."""

    locked_until: datetime | None
    """Until when no code is looked at. UTC."""


async def key_of(tx: Tx, reader: Reader) -> PublicKey | None:
    """The key that the reader signs with now."""
    row = await _current(tx, reader)
    return _public(row) if row else None


async def begin_signing(
    tx: Tx, vault: Vault, reader: Reader, *, account: str, issuer: str, replacing: Signer | None = None
) -> Enrolment:
    """Make a key and its factor, which sign nothing before `confirm_signing`. One begun before is dropped.

    A doctor who has a key hands it over unlocked: whoever has only the chat cannot replace the phone.
    Raises RefusedError, ConflictError.
    """
    practitioner_id = _doctor(reader)
    current = await _current(tx, reader)
    if current and (replacing is None or replacing.key_id != current.id):
        raise ConflictError("You have a signing key already. To replace it, give a code of its authenticator first.")
    begun = (_KEY.person_id == reader.person_id) & _KEY.valid_from.is_(None)
    await tx.conn.execute(delete(signing_factor).where(_FACTOR.key_id.in_(select(_KEY.id).where(begun))))
    await tx.conn.execute(delete(signing_key).where(begun))
    key_id, factor, secret = new_id(), new_factor(), new_secret_key()
    signer = Signer(key_id, practitioner_id, reader.person_id, secret)
    await tx.conn.execute(
        insert(signing_key).values(
            id=key_id,
            practitioner_id=practitioner_id,
            person_id=reader.person_id,
            public_key=signer.public,
            sealed=await vault.seal(tx, reader.person_id, LOCKED_KEY.place(key_id), lock_key(secret, factor, key_id)),
            created_at=tx.now,
        )
    )
    await tx.conn.execute(
        insert(signing_factor).values(
            key_id=key_id,
            sealed=await vault.seal(tx, reader.person_id, FACTOR.place(key_id), factor.encode()),
            **asdict(Tries()),
        )
    )
    return Enrolment(key_id, link_of(factor, account=account, issuer=issuer))


async def confirm_signing(tx: Tx, vault: Vault, reader: Reader, code: str) -> Signer | WrongCode:
    """Put the key that was begun into force with its first code; the one before signs no more.

    Raises RefusedError, ConflictError (none was begun).
    """
    practitioner_id = _doctor(reader)
    row = await _locked(tx, (_KEY.person_id == reader.person_id) & _KEY.valid_from.is_(None))
    if row is None or row.practitioner_id != practitioner_id:
        raise ConflictError("There is nothing to confirm. Begin with: signing set up")
    signer = await _try(tx, vault, row, code)
    if isinstance(signer, Signer):
        await _end(tx, practitioner_id, by=reader.person_id)
        await tx.conn.execute(update(signing_key).where(_KEY.id == row.id).values(valid_from=tx.now))
        await _note(tx, row.person_id, row.id, by=reader.person_id)
    return signer


async def unlock_signing(tx: Tx, vault: Vault, reader: Reader, code: str) -> Signer | WrongCode:
    """Unlock the reader's key with a code. Raises RefusedError, ConflictError (there is no key)."""
    _doctor(reader)
    current = await _current(tx, reader)
    row = await _locked(tx, _KEY.id == current.id) if current else None
    if row is None:
        raise ConflictError("You have no signing key yet. Begin with: signing set up")
    return await _try(tx, vault, row, code)


async def revoke_signing(tx: Tx, practitioner_id: UUID, *, by: UUID) -> bool:
    """End a practitioner's key; what it signed stays signed. The caller has decided that `by` may. False: had none."""
    return await _end(tx, practitioner_id, by=by)


async def signing_picture(tx: Tx, vault: Vault, key_id: UUID, *, account: str, issuer: str) -> bytes | None:
    """Return the QR code (PNG) of a key that was begun; None once it is confirmed: it is shown once."""
    row = await _locked(tx, (_KEY.id == key_id) & _KEY.valid_from.is_(None))
    if row is None:
        return None
    link = link_of(await _factor(tx, vault, row), account=account, issuer=issuer)
    image = io.BytesIO()
    segno.make(link, error="m", micro=False).save(image, kind="png", scale=6, border=4)
    return image.getvalue()


async def public_keys(tx: Tx, key_ids: set[UUID]) -> dict[UUID, PublicKey]:
    """Return the public parts of keys that are or were in force, by id."""
    found = await tx.conn.execute(select(signing_key).where(_KEY.id.in_(key_ids), _KEY.valid_from.is_not(None)))
    return {row.id: _public(row) for row in found}


def _doctor(reader: Reader) -> UUID:
    if reader.practitioner_id is None:
        raise RefusedError
    return reader.practitioner_id


def _public(row: Row[Any]) -> PublicKey:
    return PublicKey(row.id, row.practitioner_id, row.public_key, row.valid_from, row.valid_until)


async def _current(tx: Tx, reader: Reader) -> Row[Any] | None:
    # Of the person, too: an account that takes a doctor's place does not take over the key.
    mine = (_KEY.practitioner_id == reader.practitioner_id) & (_KEY.person_id == reader.person_id)
    in_force = _KEY.valid_from.is_not(None) & _KEY.valid_until.is_(None)
    return (await tx.conn.execute(select(signing_key).where(mine, in_force))).one_or_none()


async def _locked(tx: Tx, which: Any) -> Row[Any] | None:
    """A key with its factor, held against others until this transaction ends: no code is taken twice at once."""
    # The factor's row alone is locked, and then read: a join that waited would show the tries as they were before.
    key = (await tx.conn.execute(select(_KEY.id).where(which).order_by(_KEY.id.desc()).limit(1))).scalar_one_or_none()
    if key is None:
        return None
    await tx.conn.execute(select(_FACTOR.key_id).where(_FACTOR.key_id == key).with_for_update())
    columns = (_FACTOR.sealed.label("factor"), *(_FACTOR[each.name] for each in fields(Tries)))
    both = signing_key.join(signing_factor, _FACTOR.key_id == _KEY.id)
    return (await tx.conn.execute(select(*_KEY, *columns).select_from(both).where(_KEY.id == key))).one_or_none()


async def _try(tx: Tx, vault: Vault, row: Row[Any], code: str) -> Signer | WrongCode:
    factor = await _factor(tx, vault, row)
    taken, tries = tried(Tries(row.last_step, row.failures, row.locked_until, row.taken_at), factor, code, tx.now)
    await tx.conn.execute(update(signing_factor).where(_FACTOR.key_id == row.id).values(**asdict(tries)))
    if not taken:
        return WrongCode(tries.locked_until)
    locked = await vault.open(tx, row.person_id, LOCKED_KEY.place(row.id), row.sealed)
    return Signer(row.id, row.practitioner_id, row.person_id, unlock_key(locked, factor, row.id))


async def _factor(tx: Tx, vault: Vault, row: Row[Any]) -> str:
    return (await vault.open(tx, row.person_id, FACTOR.place(row.id), row.factor)).decode()


async def _end(tx: Tx, practitioner_id: UUID, *, by: UUID) -> bool:
    """End the key in force: no new code unlocks it, as its factor is destroyed."""
    in_force = (_KEY.practitioner_id == practitioner_id) & _KEY.valid_from.is_not(None) & _KEY.valid_until.is_(None)
    row = await _locked(tx, in_force)
    if row is None:
        return False
    # Who signs at this moment may have begun later and be done first: that stays signed.
    until = max(tx.now, row.taken_at or tx.now)
    await tx.conn.execute(update(signing_key).where(_KEY.id == row.id).values(valid_until=until))
    await tx.conn.execute(delete(signing_factor).where(_FACTOR.key_id == row.id))
    await _note(tx, row.person_id, row.id, by=by)
    return True


async def _note(tx: Tx, person_id: UUID, key_id: UUID, *, by: UUID) -> None:
    table, why = signing_key.name, Why.OWN if by == person_id else Why.REQUEST
    await note(tx, actor=by, action=Action.WRITE, subject=person_id, table=table, row=key_id, why=why)
