"""What the payer and those who run the centre see of a visit's money, and what an admin gives back by their word."""
# ruff: noqa: ARG001  (all services have one head: transaction, context, actor)

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select

from booking.access import may_administer, may_see_money, require
from booking.appointments.model import Appointment
from booking.appointments.model import appointment as visits
from booking.appointments.reading import appointment
from booking.context import Context
from booking.directory.reading import centre
from booking.payments import ledger
from booking.payments.ledger import LedgerEntry
from booking.payments.model import TO_CAPTURE, Entry, ledger_entry
from booking.payments.service import payment_of, refund
from booking.people.service import Person
from core.database import Tx
from core.errors import BadInputError, ConflictError
from core.money import Money
from core.timezones import zone

_DAY = timedelta(days=1)
_LONGEST = 366


@dataclass(frozen=True, slots=True)
class Statement:
    """All that came and went for a visit."""

    visit: Appointment
    entries: tuple[LedgerEntry, ...]
    left: Money
    """What the centre has of it now, refunds on their way left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a centre's list."""

    at: datetime
    code: str
    kind: Entry
    amount: Money


@dataclass(frozen=True, slots=True)
class Income:
    """What came to a centre and went from it, in the order of time; the sum of each currency."""

    lines: tuple[Line, ...]
    sums: tuple[Money, ...]


async def statement(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Statement:
    """Show a visit's ledger: to who paid, to the patient's side, to the centre's admins. Raises RefusedError."""
    visit = await appointment(tx, appointment_id)
    require(may_see_money(actor, patient_id=visit.patient_id, booked_by=visit.booked_by, centre_id=visit.centre.id))
    # What the platform keeps is between it and the centre.
    found = [each for each in await ledger.entries(tx, visit.id) if each.kind is not Entry.FEE]
    together = sum(each.amount.amount for each in found)
    return Statement(visit, tuple(found), Money(visit.price.currency, together))


async def refundable(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Money:
    """Return how much can still go back to the payer. For the centre's admins. Raises RefusedError, ConflictError."""
    visit = await appointment(tx, appointment_id)
    require(may_administer(actor, visit.centre.id))
    payment = await payment_of(tx, visit.id)
    if payment and payment.state in TO_CAPTURE:
        raise ConflictError("Nothing is charged yet for that visit. Cancel it, or refund when it is charged.")
    _, left = await ledger.sums(tx, visit.id)
    if left <= 0:
        raise ConflictError("There is nothing left to give back for that visit.")
    return Money(visit.price.currency, left)


async def refund_by_word(
    tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, amount: Money | None = None
) -> Money:
    """Give back an amount, or all that is left, whatever the rules say; returns what goes back.

    For the centre's admins. Raises RefusedError, ConflictError, BadInputError for more than is left.
    """
    visit = await appointment(tx, appointment_id, lock=True)
    left = await refundable(tx, ctx, actor, appointment_id)
    back = amount or left
    if back.currency != left.currency:
        raise BadInputError("That visit was paid in {currency}.", currency=left.currency)
    if back.amount <= 0:
        raise BadInputError("Write an amount that is more than nothing.")
    if back.amount > left.amount:
        raise BadInputError("Only {left} can still be given back for that visit.", left=left.show(actor.language))
    charged, now_left = await ledger.sums(tx, visit.id)
    gone = charged - now_left
    given = await refund(tx, visit, Money(back.currency, gone + back.amount))
    assert given
    return given


async def income(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, first: date, last: date) -> Income:
    """List what came and went from the first day to the last, both included, on the centre's calendar.

    For its admins. Raises RefusedError, BadInputError.
    """
    require(may_administer(actor, centre_id))
    if last < first or (last - first).days >= _LONGEST:
        raise BadInputError("A list is of a year at the most, from an earlier day to a later one.")
    place = zone((await centre(tx, centre_id)).timezone)
    begins, until = datetime.combine(first, time(), place), datetime.combine(last + _DAY, time(), place)
    entry = ledger_entry.c
    found = await tx.conn.execute(
        select(entry.at, visits.c.code, entry.kind, entry.amount, entry.currency)
        .join(visits, visits.c.id == entry.appointment_id)
        .where(visits.c.centre_id == centre_id, entry.at >= begins, entry.at < until)
        .order_by(entry.at, entry.id)
    )
    lines = tuple(Line(row.at, row.code, Entry(row.kind), Money(row.currency, row.amount)) for row in found)
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.amount.currency] += line.amount.amount
    return Income(lines, tuple(Money(currency, amount) for currency, amount in sorted(sums.items())))
