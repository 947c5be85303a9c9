"""Disputes of cards: what the payer's bank took and gave again comes into the ledger, and those are told who answer it.

The platform answers disputes, on Stripe's own pages, with what the centre can show. A centre that is paid to its own
account bears what it loses: the amount is taken back from there, and moved on to it again if it is won
(https://docs.stripe.com/connect/disputes). What Stripe charges for a dispute is the platform's, as are all of its fees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from booking.access import require
from booking.appointments.model import Appointment
from booking.appointments.model import appointment as visits_table
from booking.appointments.notices import Notice, tell_admins
from booking.appointments.reading import appointment
from booking.context import Context
from booking.directory.model import centre as centre_table
from booking.payments import ledger
from booking.payments.gateway import Dispute, Withdrawal
from booking.payments.model import OPEN_STAGES, Entry, Payment, Stage
from booking.payments.model import dispute as table
from booking.payments.refunding import follow_ledger
from booking.payments.rules import stage_of
from booking.payments.store import later, lock_together, payment_of
from booking.people.service import Person, person_id_of
from booking.staff.news import tell_person
from core.database import Tx
from core.ids import id_of
from core.money import Money


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute that the bank has not decided, as those see it who answer it: of whose visit it is they look up."""

    code: str
    """The visit's."""
    centre_name: str
    stage: Stage
    amount: Money
    due_by: datetime | None
    """UTC. Until when the bank takes an answer."""


async def open_disputes(tx: Tx, ctx: Context, actor: Person) -> list[Disputed]:  # noqa: ARG001  (all have one head)
    """Return what is not decided: for a centre's admins theirs, for platform admins all; what is due first, first.

    Raises RefusedError for others.
    """
    require(actor.platform_admin or bool(actor.administers))
    wanted = (
        select(
            visits_table.c.code, centre_table.c.name, table.c.stage, table.c.amount, table.c.currency, table.c.due_by
        )
        .join(visits_table, visits_table.c.id == table.c.appointment_id)
        .join(centre_table, centre_table.c.id == visits_table.c.centre_id)
        .where(table.c.stage.in_(OPEN_STAGES))
        .order_by(table.c.due_by, table.c.created_at)
    )
    if not actor.platform_admin:
        wanted = wanted.where(visits_table.c.centre_id.in_(actor.administers))
    return [
        Disputed(row.code, row.name, Stage(row.stage), Money(row.currency, row.amount), row.due_by)
        for row in await tx.conn.execute(wanted)
    ]


async def renew(tx: Tx, ctx: Context, payment: Payment, now: Dispute) -> None:
    """Bring what is known of a dispute, and the ledger, up to what Stripe tells now; told is each step of it once.

    Whatever came before: news of disputes come in any order, and more than once.
    """
    members = await lock_together(tx, payment.appointment_id) or [payment.appointment_id]
    visits = sorted([await appointment(tx, each, lock=True) for each in members], key=lambda each: each.start)
    for withdrawal in now.withdrawals:
        await _write_down(tx, visits, now, withdrawal)
    stage = stage_of(now.status)
    known = (await tx.conn.execute(select(table.c.stage).where(table.c.id == now.id))).scalar_one_or_none()
    if (
        known == stage
        or (known is not None and known not in OPEN_STAGES)
        or (known == Stage.OPEN and stage is Stage.INQUIRY)
    ):
        return  # what was fetched later has been written down before
    values = {
        "stage": stage,
        "amount": now.amount.amount,
        "currency": now.amount.currency,
        "due_by": now.due_by,
        "updated_at": tx.now,
    }
    await tx.conn.execute(
        insert(table)
        .values(id=now.id, appointment_id=payment.appointment_id, created_at=tx.now, **values)
        .on_conflict_do_update(index_elements=[table.c.id], set_=values)
    )
    await _tell(tx, ctx, next(each for each in visits if each.id == payment.appointment_id), now, stage)


async def _write_down(tx: Tx, visits: Sequence[Appointment], of: Dispute, withdrawal: Withdrawal) -> None:
    """Write an amount into the ledger, once; of several visits on one page, the last bear it, as far as it goes."""
    entries = {visit.id: await ledger.entries(tx, visit.id) for visit in visits}
    if any(entry.stripe_ref == withdrawal.id for each in entries.values() for entry in each):
        return
    taken = withdrawal.amount.amount < 0
    refs = {each.id for each in of.withdrawals}
    left, currency = abs(withdrawal.amount.amount), withdrawal.amount.currency
    parts = dict.fromkeys((visit.id for visit in visits), 0)
    for visit in reversed(visits):
        if taken:
            bears = (await ledger.sums(tx, visit.id))[1]
        else:  # what of this dispute it has borne
            bears = -sum(entry.amount.amount for entry in entries[visit.id] if entry.stripe_ref in refs)
        parts[visit.id] = min(left, max(bears, 0))
        left -= parts[visit.id]
    parts[visits[0].id] += left  # given back before, and taken besides: it is gone all the same
    for visit_id, part in parts.items():
        if part:
            amount = Money(currency, -part if taken else part)
            kind = Entry.DISPUTED if taken else Entry.REINSTATED
            added = await ledger.add(tx, visit_id, kind, amount, stripe_ref=withdrawal.id)
            assert added
            await follow_ledger(tx, visit_id)
            await _pass_on(tx, visit_id, added, taken=taken)


async def _pass_on(tx: Tx, visit_id: UUID, entry: UUID, *, taken: bool) -> None:
    payment = await payment_of(tx, visit_id)
    if payment and payment.destination:
        kind = "stripe.take_back" if taken else "stripe.give_again"
        await later(tx, kind, visit_id, f"{kind}:{entry}", entry=str(entry))


async def _tell(tx: Tx, ctx: Context, visit: Appointment, now: Dispute, stage: Stage) -> None:
    about = {"stage": stage.value, "currency": now.amount.currency}
    due = {"due_by": now.due_by.isoformat()} if now.due_by and stage in OPEN_STAGES else {}
    notice = Notice.DISPUTED if stage in OPEN_STAGES else Notice.DISPUTE_OVER
    of = id_of(f"{now.id}:{stage}")
    await tell_admins(tx, visit, notice, about=of, amount=now.amount.amount, **about, **due)
    for mxid in ctx.settings.matrix.platform_admins:
        person = await person_id_of(tx, mxid)
        ids = {"appointment": str(visit.id), "amount": str(now.amount.amount)}
        await tell_person(tx, person, "disputed", key=f"{of}:{person}", **ids, **about, **due)
