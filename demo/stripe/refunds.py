"""Refunds: in full, in parts, never beyond what was captured."""

from demo.stripe import connect
from demo.stripe.disputes import check_refundable
from demo.stripe.errors import ApiError, missing
from demo.stripe.objects import new
from demo.stripe.params import Params
from demo.stripe.shop import Shop
from demo.stripe.store import Body


def create(shop: Shop, params: Params) -> Body:
    """POST /v1/refunds of a charge or of a PaymentIntent."""
    params.only("amount charge payment_intent metadata reason refund_application_fee reverse_transfer currency")
    charge = _charge(shop, params)
    amount = params.integer("amount", least=1)
    reason = params.choice("reason", "duplicate fraudulent requested_by_customer")
    reverse, fee = params.boolean("reverse_transfer"), params.boolean("refund_application_fee")
    if (reverse or fee) and charge["transfer_data"] is None:
        raise ApiError("This charge has no transfer that could be reversed.", param="reverse_transfer", kept=True)
    if not charge["captured"]:
        raise ApiError(
            f"Charge {charge['id']} has not been captured. Cancel its PaymentIntent instead.",
            code="charge_not_refundable",
            kept=True,
        )
    check_refundable(shop, charge)
    returned = _returned(shop, charge)
    left = charge["amount_captured"] - returned
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", kept=True)
    amount = left if amount is None else amount
    if amount > left:
        raise ApiError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            code="amount_too_large",
            param="amount",
            kept=True,
        )
    refund = new(
        "refund",
        amount=amount,
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        currency=charge["currency"],
        metadata=params.metadata(),
        reason=reason,
    )
    refund["balance_transaction"] = _paid_back(shop, refund)["id"]
    shop.save(refund, "refund.created")
    charge["amount_refunded"] += amount
    charge["refunded"] = returned + amount == charge["amount_captured"]
    connect.take_back(shop, charge, returned + amount, reverse=bool(reverse), fee=bool(fee))
    shop.save(charge, "charge.refunded")
    return refund


def _charge(shop: Shop, params: Params) -> Body:
    charge, intent = params.text("charge"), params.text("payment_intent")
    if charge is not None:
        return shop.find("charge", charge, "charge")
    if intent is None:
        raise missing("payment_intent")
    found = shop.find("payment_intent", intent, "payment_intent")
    if found["latest_charge"] is None or found["status"] != "succeeded":
        raise ApiError(
            f"The PaymentIntent ({intent}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
            kept=True,
        )
    return shop.find("charge", found["latest_charge"])


def _returned(shop: Shop, charge: Body) -> int:
    """What was given back. `amount_refunded` also counts what was authorised and never captured."""
    return sum(each["amount"] for each in shop.store.newest("refund") if each["charge"] == charge["id"])


def _paid_back(shop: Shop, refund: Body) -> Body:
    return shop.store.put(
        new(
            "balance_transaction",
            amount=-refund["amount"],
            net=-refund["amount"],
            currency=refund["currency"],
            source=refund["id"],
            type="refund",
            reporting_category="refund",
            available_on=shop.store.now(),
            status="available",
        )
    )
