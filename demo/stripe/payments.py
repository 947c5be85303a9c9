"""PaymentIntents and their charges: confirmed by the pay page; retrieved, captured and cancelled through the API."""

from dataclasses import asdict, replace
from typing import Any

from demo.stripe import connect
from demo.stripe.cards import DECLINES, Card
from demo.stripe.errors import ApiError
from demo.stripe.objects import new, random_id
from demo.stripe.params import Params
from demo.stripe.shop import Shop
from demo.stripe.store import Body

_DAY = 86_400
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")


def create_intent(shop: Shop, session: Body) -> Body:
    """Make the session's PaymentIntent, when somebody first tries to pay."""
    wish = session["_intent_data"]
    intent = new(
        "payment_intent",
        amount=session["amount_total"],
        currency=session["currency"],
        payment_method_types=session["payment_method_types"],
        **wish,
    )
    intent["client_secret"] = random_id(f"{intent['id']}_secret_")
    return shop.save(intent, "payment_intent.created")


def confirm(shop: Shop, intent: Body, card: Card, name: str | None, email: str | None) -> Body:
    """Try to pay with a card: the intent then succeeded, waits for capture or authentication, or was declined."""
    intent["_card"] = asdict(card)
    intent["_payer"] = {"name": name, "email": email}
    if card.authenticate:
        url = f"{shop.base_url}/c/authenticate/{intent['id']}"
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}
        return shop.save(intent, "payment_intent.requires_action")
    return _charge(shop, intent, card)


def authenticated(shop: Shop, intent: Body, *, passed: bool) -> Body:
    """3-D Secure ended."""
    card = Card(**intent["_card"])
    intent["next_action"] = None
    if passed:
        return _charge(shop, intent, replace(card, authenticate=False), three_d_secure=True)
    sentence = "We could not authenticate your card. Try again, or use another card."
    return _failed(shop, intent, "payment_intent_authentication_failure", None, sentence)


def _charge(shop: Shop, intent: Body, card: Card, *, three_d_secure: bool = False) -> Body:
    charge = _new_charge(intent, card, three_d_secure=three_d_secure)
    intent["latest_charge"] = charge["id"]
    if card.decline:
        code, sentence = DECLINES[card.decline]
        charge.update(status="failed", failure_code=code, failure_message=sentence)
        charge["outcome"] = _outcome("issuer_declined", "declined_by_network", card.decline)
        shop.save(charge, "charge.failed")
        return _failed(shop, intent, code, card.decline, sentence, charge["id"])
    method = _new_method(intent, card)
    shop.store.put(method)
    charge.update(status="succeeded", paid=True, payment_method=method["id"], outcome=_outcome("authorized"))
    charge["receipt_url"] = f"{shop.base_url}/receipts/{charge['id']}"
    intent.update(payment_method=method["id"], last_payment_error=None)
    if intent["capture_method"] == "manual":
        until = shop.store.now() + 7 * _DAY
        charge["payment_method_details"]["card"]["capture_before"] = until
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        shop.save(charge, "charge.succeeded")
        return shop.save(intent, "payment_intent.amount_capturable_updated")
    _received(shop, intent, charge, intent["amount"])
    shop.save(charge, "charge.succeeded")
    return shop.save(intent, "payment_intent.succeeded")


def _failed(shop: Shop, intent: Body, code: str, decline: str | None, sentence: str, charge: str | None = None) -> Body:
    error = {"type": "card_error", "code": code, "decline_code": decline, "message": sentence, "charge": charge}
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = {name: value for name, value in error.items() if value}
    return shop.save(intent, "payment_intent.payment_failed")


def _received(shop: Shop, intent: Body, charge: Body, amount: int) -> None:
    booked = new(
        "balance_transaction",
        amount=amount,
        net=amount,
        currency=intent["currency"],
        source=charge["id"],
        type="charge",
        reporting_category="charge",
        available_on=shop.store.now() + 2 * _DAY,
        status="pending",
    )
    shop.store.put(booked)
    charge.update(captured=True, amount_captured=amount, balance_transaction=booked["id"])
    connect.move_on(shop, charge, amount, intent["application_fee_amount"])
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)


def capture(shop: Shop, params: Params, wanted: str) -> Body:
    """POST /v1/payment_intents/{id}/capture: all that is authorised, or less of it."""
    params.only("amount_to_capture application_fee_amount final_capture metadata transfer_data statement_descriptor")
    intent = shop.find("payment_intent", wanted)
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "captured", "requires_capture")
    authorised: int = intent["amount_capturable"]
    amount = params.integer("amount_to_capture", least=1)
    amount = authorised if amount is None else amount
    if amount > authorised:
        raise ApiError(
            f"The amount to capture is greater than the {authorised} that can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
            kept=True,
        )
    charge = shop.find("charge", intent["latest_charge"])
    fee = params.integer("application_fee_amount")
    intent["application_fee_amount"] = intent["application_fee_amount"] if fee is None else fee
    _received(shop, intent, charge, amount)
    charge["amount_refunded"] = charge["amount"] - amount
    intent["metadata"] = {**intent["metadata"], **params.metadata()}
    shop.save(charge, "charge.captured")
    session = shop.store.session_of(wanted)
    if session is not None:
        session["payment_status"] = "paid"
        shop.store.put(session)
    return shop.save(intent, "payment_intent.succeeded")


def cancel(shop: Shop, params: Params, wanted: str) -> Body:
    """POST /v1/payment_intents/{id}/cancel: before anything is received."""
    params.only("cancellation_reason")
    reason = params.choice("cancellation_reason", "duplicate fraudulent requested_by_customer abandoned")
    intent = shop.find("payment_intent", wanted)
    if intent["status"] not in _CANCELABLE:
        raise _unexpected(intent, "canceled", ", ".join(_CANCELABLE))
    session = shop.store.session_of(wanted)
    if session is not None and session["status"] == "open":
        raise ApiError(
            "You cannot cancel this PaymentIntent because it was created by Checkout. "
            "Expire its Checkout Session instead.",
            code="payment_intent_unexpected_state",
            kept=True,
        )
    return release(shop, intent, reason)


def release(shop: Shop, intent: Body, reason: str | None) -> Body:
    """Let go of an intent, and of what it had authorised."""
    if intent["status"] == "requires_capture":
        charge = shop.find("charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        shop.save(charge, "charge.refunded")
    intent.update(
        status="canceled",
        canceled_at=shop.store.now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    return shop.save(intent, "payment_intent.canceled")


def _unexpected(intent: Body, done: str, needed: str) -> ApiError:
    return ApiError(
        f"This PaymentIntent could not be {done} because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {done}: {needed}.",
        code="payment_intent_unexpected_state",
        kept=True,
    )


def _outcome(network: str, advice: str | None = None, reason: str | None = None) -> dict[str, Any]:
    well = reason is None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if well else advice,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 1,
        "seller_message": "Payment complete." if well else "The bank refused.",
        "type": network,
    }


def _new_charge(intent: Body, card: Card, *, three_d_secure: bool) -> Body:
    charge = new(
        "charge",
        amount=intent["amount"],
        currency=intent["currency"],
        payment_intent=intent["id"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        application_fee_amount=intent["application_fee_amount"],
        transfer_data=intent["transfer_data"],
        on_behalf_of=intent["on_behalf_of"],
    )
    charge["billing_details"].update(intent["_payer"])
    charge["payment_method_details"]["card"].update(
        brand=card.brand,
        network=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        amount_authorized=intent["amount"],
        fingerprint=f"demo{card.brand}{card.last4}",
        three_d_secure={"result": "authenticated", "version": "2.2.0"} if three_d_secure else None,
    )
    return charge


def _new_method(intent: Body, card: Card) -> Body:
    method = new("payment_method")
    method["billing_details"].update(intent["_payer"])
    method["card"].update(
        brand=card.brand,
        display_brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        fingerprint=f"demo{card.brand}{card.last4}",
    )
    return method
