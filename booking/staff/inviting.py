"""Inviting people to work at a centre, and what becomes of it. Who is invited has the last word."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_edit_centre, require
from booking.context import Context
from booking.directory import reading
from booking.directory.model import Practitioner
from booking.directory.service import become_admin, become_practitioner
from booking.people.rules import checked_mxid
from booking.people.service import Person, person_by_id, person_id_of
from booking.reach.contacts import may_contact
from booking.staff.model import CODE, Invitation, Role, staff_invitation
from booking.staff.news import tell_person
from booking.staff.rules import VALID_FOR, new_join_code, normal_join_code
from core.database import Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id, secret_hash
from records.sealing import ErasedError

_GONE = "That code is not good any more. Please ask for a new invitation."


async def invite_doctor(
    tx: Tx, ctx: Context, actor: Person, centre_id: UUID, doctor: Practitioner, mxid: str | None
) -> tuple[Invitation, str]:
    """Invite who a doctor of the directory is: by their account, or without one by a code, which is returned.

    A new invitation takes the place of an open one. For admins of the centre. Raises RefusedError, ConflictError.
    """
    require(may_edit_centre(actor, centre_id))
    require(centre_id in {each.id for each in await reading.centres_of(tx, doctor.id)})
    if doctor.person_id is not None:
        raise ConflictError("{doctor} has another account already.", doctor=doctor.name)
    await tx.conn.execute(
        update(staff_invitation)
        .where(staff_invitation.c.practitioner_id == doctor.id, staff_invitation.c.answered_at.is_(None))
        .values(answered_at=tx.now, accepted=False)
    )
    return await _invite(tx, ctx, actor, Role.DOCTOR, mxid, centre_id=centre_id, practitioner_id=doctor.id)


async def invite_admin(
    tx: Tx, ctx: Context, actor: Person, centre_id: UUID, mxid: str | None
) -> tuple[Invitation, str]:
    """Invite somebody to run a centre; see `invite_doctor`."""
    require(may_edit_centre(actor, centre_id))
    return await _invite(tx, ctx, actor, Role.ADMIN, mxid, centre_id=centre_id)


async def new_account(tx: Tx, ctx: Context, actor: Person) -> tuple[Invitation, str]:
    """Let somebody have an account on the homeserver; returns the code. For platform admins, and those of centres."""
    require(actor.platform_admin or bool(actor.administers))
    return await _invite(tx, ctx, actor, Role.ACCOUNT, None)


async def _invite(
    tx: Tx, ctx: Context, actor: Person, role: Role, mxid: str | None, **what: UUID
) -> tuple[Invitation, str]:
    made, code = new_id(), ""
    values: dict[str, Any] = {"person_id": None, "code": None, "code_hash": None}
    if mxid:
        if not await may_contact(tx, checked_mxid(mxid), actor.mxid):
            raise ConflictError("{who} lets nobody invite them here. Please ask them first.", who=mxid)
        values["person_id"] = await person_id_of(tx, mxid)
    else:
        code = new_join_code()
        values["code_hash"] = secret_hash(code)
        values["code"] = await ctx.vault.seal(tx, actor.id, CODE.place(made), code.encode())
    expires = tx.now + VALID_FOR
    await tx.conn.execute(
        insert(staff_invitation).values(
            id=made, role=role, invited_by=actor.id, created_at=tx.now, expires_at=expires, **what, **values
        )
    )
    if values["person_id"]:
        await tell_person(tx, values["person_id"], "invited", invitation=str(made))
    invitation = Invitation(
        made, role, what.get("centre_id"), what.get("practitioner_id"), actor.id, values["person_id"], expires
    )
    return invitation, code


async def accept(tx: Tx, ctx: Context, actor: Person, invitation_id: UUID) -> Invitation:
    """Take an invitation that was made to oneself. Raises RefusedError, ConflictError."""
    found = await _open(tx, staff_invitation.c.id == invitation_id)
    require(found is not None and found.person_id == actor.id)
    assert found
    return await _accepted(tx, ctx, actor, found)


async def join(tx: Tx, ctx: Context, actor: Person, code: str) -> Invitation:
    """Take the invitation that a code is for, as whoever has it. Raises BadInputError, ConflictError."""
    found = await _open(tx, staff_invitation.c.code_hash == secret_hash(normal_join_code(code)))
    if found is None:
        raise BadInputError(_GONE)
    return await _accepted(tx, ctx, actor, found)


async def _accepted(tx: Tx, ctx: Context, actor: Person, found: Invitation) -> Invitation:
    if found.practitioner_id is not None:
        inviter = await person_by_id(tx, ctx, found.invited_by)
        await become_practitioner(tx, ctx, found.practitioner_id, actor.id, by=inviter)
    elif found.role is Role.ADMIN and found.centre_id is not None:
        await become_admin(tx, found.centre_id, actor.id)
    await _answer(tx, found.id, actor.id, accepted=True)
    if found.role is not Role.ACCOUNT:
        await tell_person(tx, found.invited_by, "accepted", invitation=str(found.id), who=str(actor.id))
    return found


async def decline(tx: Tx, ctx: Context, actor: Person, invitation_id: UUID) -> None:  # noqa: ARG001
    """Leave an invitation that was made to oneself; who invited is told. Raises RefusedError."""
    found = await _open(tx, staff_invitation.c.id == invitation_id)
    require(found is not None and found.person_id == actor.id)
    assert found
    await _answer(tx, found.id, actor.id, accepted=False)
    await tell_person(tx, found.invited_by, "declined", invitation=str(found.id), who=str(actor.id))


async def invitation_to_tell(tx: Tx, invitation_id: UUID) -> tuple[Invitation, bool]:
    """Return an invitation, and whether it is open, without asking who looks: for handlers. Raises RefusedError."""
    row = (await tx.conn.execute(select(staff_invitation).where(staff_invitation.c.id == invitation_id))).one_or_none()
    if row is None:
        raise RefusedError
    return _from(row), row.answered_at is None and row.expires_at > tx.now


async def code_of(tx: Tx, ctx: Context, invitation_id: UUID) -> str | None:
    """Return an open invitation's code, for the picture that goes to who invited; None once it is of no use."""
    row = (
        await tx.conn.execute(
            select(staff_invitation).where(
                staff_invitation.c.id == invitation_id,
                staff_invitation.c.answered_at.is_(None),
                staff_invitation.c.code.is_not(None),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    try:
        return (await ctx.vault.open(tx, row.invited_by, CODE.place(row.id), row.code)).decode()
    except ErasedError:
        return None


async def open_invitation(tx: Tx, code: str) -> Invitation | None:
    """Return what a code is good for, or None: for the page behind it."""
    return await _open(tx, staff_invitation.c.code_hash == secret_hash(normal_join_code(code)))


async def _open(tx: Tx, wanted: Any) -> Invitation | None:
    found = await tx.conn.execute(
        select(staff_invitation)
        .where(wanted, staff_invitation.c.answered_at.is_(None), staff_invitation.c.expires_at > tx.now)
        .with_for_update()
    )
    row = found.one_or_none()
    return _from(row) if row else None


async def _answer(tx: Tx, invitation_id: UUID, person_id: UUID, *, accepted: bool) -> None:
    await tx.conn.execute(
        update(staff_invitation)
        .where(staff_invitation.c.id == invitation_id)
        .values(answered_at=tx.now, accepted=accepted, person_id=person_id)
    )


def _from(row: Row[Any]) -> Invitation:
    return Invitation(
        row.id, Role(row.role), row.centre_id, row.practitioner_id, row.invited_by, row.person_id, row.expires_at
    )
