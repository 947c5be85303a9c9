"""A centre's own account at Stripe: made, onboarded, and what is known of it."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_administer, require
from booking.context import Context
from booking.directory.reading import centre, centre_admins
from booking.payments.gateway import Account, Gateway, RejectedError
from booking.payments.model import payout_account as table
from booking.people.service import Person
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_id
from core.lanes import Row
from core.logs import log
from core.outbox import enqueue

TOLD = "payouts"
"""The outbox kind of what a centre's admins are told of it: a page to go to, or that all is set up."""


_log = log("booking.payments")


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """A centre's account."""

    charges_enabled: bool
    """Whether patients' payments go to it."""
    payouts_enabled: bool
    """Whether Stripe pays it out to the bank."""


async def account_of(tx: Tx, ctx: Context, actor: Person, centre_id: UUID) -> PayoutAccount | None:  # noqa: ARG001
    """Return what was last known of a centre's account. For its admins. Raises RefusedError."""
    require(may_administer(actor, centre_id))
    found = await tx.conn.execute(select(table).where(table.c.centre_id == centre_id))
    row = found.one_or_none()
    return PayoutAccount(row.charges_enabled, row.payouts_enabled) if row else None


async def set_up(tx: Tx, ctx: Context, actor: Person, centre_id: UUID) -> None:
    """Have Stripe's page sent to the actor, on which a centre's account is set up or changed. For the centre's admins.

    Raises RefusedError, ConflictError.
    """
    require(may_administer(actor, centre_id))
    if not ctx.settings.stripe.enabled:
        raise ConflictError("Nobody pays by card here: this service is run without Stripe.")
    wanted = {"centre": str(centre_id), "person": str(actor.id)}
    lane = f"payouts:{centre_id}"
    await enqueue(tx, kind="stripe.account", lane=lane, key=f"{lane}:{new_id()}", payload=json.dumps(wanted).encode())


class Payouts:
    """The outbox kind "stripe.account"."""

    def __init__(self, ctx: Context, gateway: Gateway) -> None:
        self._gateway = gateway
        self._come_back = f"{ctx.settings.http.public_url}/pay/return"

    async def set_up(self, tx: Tx, row: Row) -> None:
        """Make the account, if there is none, and a page to set it up on. Raises LaterError."""
        wanted = json.loads(row.payload)
        centre_id, person = UUID(wanted["centre"]), UUID(wanted["person"])
        try:
            url = await self._page(tx, centre_id)
        except RejectedError as no:
            _log.error("no account to pay out to", row=str(centre_id), reason=no.code)
            await _tell(tx, centre_id, person, key=f"refused:{row.id}", refused=True)
            return
        await _tell(tx, centre_id, person, key=f"page:{row.id}", url=url)

    async def _page(self, tx: Tx, centre_id: UUID) -> str:
        at = await centre(tx, centre_id)
        account = await _account_id(tx, at.id)
        if account is None:
            account = await self._gateway.create_account(
                key=f"account:{at.id}", country=at.country, reference=str(at.id)
            )
            await tx.conn.execute(
                insert(table)
                .values(
                    centre_id=at.id,
                    account_id=account,
                    charges_enabled=False,
                    payouts_enabled=False,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
                .on_conflict_do_nothing()
            )
        else:  # in case its news did not reach us
            await renew(tx, self._gateway, account)
        return await self._gateway.onboarding(account, come_back=self._come_back)


async def renew(tx: Tx, gateway: Gateway, account_id: str) -> None:
    """Bring what is known of an account up to date; its centre's admins are told once it can be paid to, or no more.

    Raises LaterError, RejectedError.
    """
    now: Account = await gateway.account(account_id)
    found = await tx.conn.execute(select(table).where(table.c.account_id == account_id).with_for_update())
    before = found.one_or_none()
    if before is None:
        return  # another platform's, or an account that was made by hand
    await tx.conn.execute(
        update(table)
        .where(table.c.account_id == account_id)
        .values(charges_enabled=now.charges_enabled, payouts_enabled=now.payouts_enabled, updated_at=tx.now)
    )
    if before.charges_enabled is not now.charges_enabled:
        for admin in await centre_admins(tx, before.centre_id):
            key = f"ready:{account_id}:{now.charges_enabled}:{tx.now.isoformat()}"
            await _tell(tx, before.centre_id, admin, key=f"{key}:{admin}", ready=now.charges_enabled)


async def _account_id(tx: Tx, centre_id: UUID) -> str | None:
    found = await tx.conn.execute(select(table.c.account_id).where(table.c.centre_id == centre_id))
    return found.scalar_one_or_none()


async def _tell(tx: Tx, centre_id: UUID, person: UUID, *, key: str, **more: str | bool) -> None:
    payload = json.dumps({"centre": str(centre_id), "person": str(person), **more}).encode()
    await enqueue(tx, kind=TOLD, lane=f"person:{person}", key=f"payouts:{key}", payload=payload)
