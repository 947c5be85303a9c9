"""Tables of payments. One payment belongs to an appointment; its ledger says where every amount went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid

from core.tables import Moment, metadata


class PaymentState(StrEnum):
    """Where a payment stands."""

    CREATING = "creating"
    """Stripe has not given us the page yet."""
    OPEN = "open"
    AUTHORISED = "authorised"
    """The card's bank keeps the amount; nothing is charged yet."""
    CAPTURING = "capturing"
    """Stripe has been asked to charge all or a part of what is authorised."""
    RELEASED = "released"
    """What was authorised is let go: nothing was charged."""
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    PARTIALLY_REFUNDED = "partially refunded"
    DISPUTED = "disputed"
    """The payer's bank has taken back some or all of it, and has it still."""
    REFUNDED = "refunded"


UNPAID = frozenset({PaymentState.CREATING, PaymentState.OPEN, PaymentState.FAILED, PaymentState.EXPIRED})


TO_CAPTURE = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING})


class Entry(StrEnum):
    """Kinds of ledger entries. What the centre earned by a visit is their sum."""

    CHARGE = "charge"
    REFUND = "refund"
    REVERSAL = "reversal"
    """Takes back a refund that did not come about."""
    FEE = "fee"
    """The platform's share; above nothing where some of it comes back, as some of the charge went back."""
    DISPUTED = "disputed"
    """Taken back by the payer's bank, as the payer has complained there."""
    REINSTATED = "reinstated"
    """Given again by the payer's bank, which has decided for the centre."""
    CARRIED_OUT = "carried out"
    """Went over to the visit that the patient was referred to."""
    CARRIED_IN = "carried in"
    """Came over from the visit before; or back from the next one, which did not come about."""


class Stage(StrEnum):
    """Where a dispute stands."""

    INQUIRY = "inquiry"
    """The payer's bank asks; it has taken nothing."""
    OPEN = "open"
    """It has taken the amount, and has not decided."""
    DROPPED = "dropped"
    """It asked, and left it at that."""
    WON = "won"
    """It has given the amount again."""
    LOST = "lost"
    """The payer keeps it."""


OPEN_STAGES = frozenset({Stage.INQUIRY, Stage.OPEN})


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as it stands."""

    appointment_id: UUID
    state: PaymentState
    amount: int
    currency: str
    session_id: str | None
    payment_intent: str | None
    url: str | None
    expires_at: datetime | None
    destination: str | None
    """The centre's own Stripe account, which is paid; None: the platform's, as the centre had none then."""
    fee_basis_points: int
    """The platform's share of it, in hundredths of a percent."""
    manual: bool
    """Whether the card is only authorised when the page is paid, and charged after the visit."""
    page_of: UUID | None
    """The visit under whose name several are paid on one page, its own among them; None: it has its page for itself."""


_OWN = "page_of IS NULL OR page_of = appointment_id"

payment = Table(
    "payment",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("session_id", Text),
    Column("payment_intent", Text),
    Column("url", Text),
    Column("expires_at", Moment),
    Column("destination", Text),
    Column("fee_basis_points", Integer, nullable=False),
    Column("manual", Boolean, nullable=False),
    # Until when Stripe lets an authorised amount be charged.
    Column("capture_before", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # Of several visits that are paid on one page, the one that Stripe knows it by.
    Column("page_of", Uuid, ForeignKey("appointment.id")),
    CheckConstraint("amount > 0", name="amount"),
    # One page, one visit; or one that stands for all that are paid on it.
    Index("uq_payment_session_id", "session_id", unique=True, postgresql_where=f"session_id IS NOT NULL AND ({_OWN})"),
    Index(
        "uq_payment_payment_intent",
        "payment_intent",
        unique=True,
        postgresql_where=f"payment_intent IS NOT NULL AND ({_OWN})",
    ),
    Index("ix_payment_page_of", "page_of", postgresql_where="page_of IS NOT NULL"),
    Index("ix_payment_capture_before", "capture_before", postgresql_where="state = 'authorised'"),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    # Smallest unit, as seen from the centre: charges are above nothing, refunds below.
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    # Stripe's own id of it (pi_..., re_...); empty for a refund that is still to be made.
    Column("stripe_ref", Text),
    # Which entry a reversal takes back.
    Column("reverses", Uuid, ForeignKey("ledger_entry.id")),
    CheckConstraint("kind = 'fee' OR (kind IN ('refund', 'carried out', 'disputed')) = (amount < 0)", name="sign"),
    CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name="reversal"),
    Index("uq_ledger_entry_reverses", "reverses", unique=True, postgresql_where="reverses IS NOT NULL"),
    Index("ix_ledger_entry_at", "at"),
    # One charge of Stripe's pays for a visit, or for all that were paid on one page: a part of it for each.
    Index("uq_ledger_entry_stripe_ref", "kind", "stripe_ref", "appointment_id", unique=True),
)

dispute = Table(
    "dispute",
    metadata,
    # Stripe's own id of it (du_..., dp_...).
    Column("id", Text, primary_key=True),
    # Of several visits that were paid on one page, the one that Stripe knows it by.
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    # Until when the bank takes an answer.
    Column("due_by", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_dispute_open", "created_at", postgresql_where="stage IN ('inquiry', 'open')"),
)

payout_account = Table(
    "payout_account",
    metadata,
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    Column("account_id", Text, nullable=False, unique=True),
    Column("charges_enabled", Boolean, nullable=False),
    Column("payouts_enabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
