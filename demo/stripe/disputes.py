"""Disputes: the payer's bank asks about a charge, or takes it back at once, and decides weeks later who keeps it.

Nobody opens one through the API: the switches stand for the bank (https://docs.stripe.com/disputes/how-disputes-work).
"""

from demo.stripe.errors import ApiError
from demo.stripe.objects import new
from demo.stripe.shop import Shop
from demo.stripe.store import Body

_DAY = 86_400
_TO_ANSWER = 9 * _DAY
_FEE = 2000


def open_dispute(shop: Shop, intent_id: str, amount: int | None, *, inquiry: bool) -> Body:
    """The payer has complained: an inquiry asks only, anything else takes the amount (all of it, if none) at once."""
    intent = shop.find("payment_intent", intent_id)
    charge = shop.find("charge", intent["latest_charge"])
    dispute = new(
        "dispute",
        amount=charge["amount_captured"] if amount is None else amount,
        charge=charge["id"],
        payment_intent=intent["id"],
        currency=charge["currency"],
        is_charge_refundable=inquiry,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    dispute["evidence_details"]["due_by"] = shop.store.now() + _TO_ANSWER
    dispute["payment_method_details"]["card"]["case_type"] = "inquiry" if inquiry else "chargeback"
    charge["disputed"] = True
    shop.save(charge, "charge.updated")
    if not inquiry:
        _move(shop, dispute, -dispute["amount"], "dispute", _FEE)
    shop.save(dispute, "charge.dispute.created", *([] if inquiry else ["charge.dispute.funds_withdrawn"]))
    return dispute


def escalate(shop: Shop, dispute_id: str) -> Body:
    """An inquiry that nobody answered well becomes a dispute: the amount is taken now."""
    dispute = shop.find("dispute", dispute_id)
    dispute.update(status="needs_response", is_charge_refundable=False)
    _move(shop, dispute, -dispute["amount"], "dispute", _FEE)
    return shop.save(dispute, "charge.dispute.updated", "charge.dispute.funds_withdrawn")


def close(shop: Shop, dispute_id: str, *, won: bool) -> Body:
    """The bank decides; of what the seller wins the amount comes back. An inquiry just ends."""
    dispute = shop.find("dispute", dispute_id)
    if dispute["status"].startswith("warning_"):
        dispute["status"] = "warning_closed"
        return shop.save(dispute, "charge.dispute.closed")
    dispute["status"] = "won" if won else "lost"
    if won:
        _move(shop, dispute, dispute["amount"], "dispute_reversal", 0)
    return shop.save(dispute, "charge.dispute.closed", *(["charge.dispute.funds_reinstated"] if won else []))


def check_refundable(shop: Shop, charge: Body) -> None:
    """Refuse to give back what the payer's bank has taken already."""
    if any(
        each["charge"] == charge["id"] and not each["is_charge_refundable"] for each in shop.store.newest("dispute")
    ):
        raise ApiError(f"Charge {charge['id']} has been charged back.", code="charge_disputed", kept=True)


def _move(shop: Shop, dispute: Body, amount: int, category: str, fee: int) -> None:
    moved = new(
        "balance_transaction",
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency=dispute["currency"],
        source=dispute["id"],
        type="adjustment",
        reporting_category=category,
        available_on=shop.store.now(),
        status="available",
    )
    dispute["balance_transactions"].append(shop.store.put(moved))
