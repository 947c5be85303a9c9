"""Checkout Sessions: created, retrieved, listed and expired through the API; paid on the hosted page."""

from typing import Any

from demo.stripe import connect, payments
from demo.stripe.currencies import check_amount
from demo.stripe.errors import ApiError, missing
from demo.stripe.objects import new, random_id
from demo.stripe.params import Params
from demo.stripe.shop import Shop
from demo.stripe.store import Body

_KNOWN = (
    "mode line_items success_url cancel_url client_reference_id customer_email expires_at metadata payment_intent_data"
    " payment_method_types locale submit_type customer_creation currency ui_mode billing_address_collection"
    " phone_number_collection automatic_tax allow_promotion_codes"
)
_INTENT = (
    "metadata description capture_method application_fee_amount transfer_data on_behalf_of statement_descriptor"
    " statement_descriptor_suffix receipt_email setup_future_usage transfer_group"
)


def create(shop: Shop, params: Params) -> Body:
    """POST /v1/checkout/sessions, in payment mode with price_data."""
    params.only(_KNOWN)
    if params.required("mode") != "payment":
        raise ApiError("This stand-in knows mode=payment only.", param="mode")
    if params.choice("ui_mode", "hosted_page") is None and "success_url" not in params:
        raise missing("success_url")
    success = params.url("success_url")
    if success is None:
        raise missing("success_url")
    lines = [_line(group) for group in params.groups("line_items")]
    if not lines:
        raise missing("line_items")
    currency = lines[0]["currency"]
    if any(line["currency"] != currency for line in lines):
        raise ApiError("All line items must have the same currency.", param="line_items")
    total = sum(line["amount_total"] for line in lines)
    check_amount(total, currency, "line_items")
    session = new(
        "checkout.session",
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        success_url=success,
        cancel_url=params.url("cancel_url"),
        client_reference_id=params.text("client_reference_id", longest=200),
        customer_email=params.text("customer_email", longest=800),
        expires_at=_expires_at(shop, params),
        metadata=params.metadata(),
        locale=params.text("locale"),
        submit_type=params.choice("submit_type", "auto pay book donate"),
        payment_method_types=_methods(params),
        _lines=lines,
        _intent_data=_intent_data(shop, params.group("payment_intent_data")),
    )
    session["url"] = f"{shop.base_url}/c/pay/{session['id']}"
    return shop.save(session)


def _methods(params: Params) -> list[str]:
    named = params.texts("payment_method_types") or ["card"]
    if named != ["card"]:
        raise ApiError("This stand-in takes cards only.", param="payment_method_types")
    return named


def _expires_at(shop: Shop, params: Params) -> int:
    """From 30 minutes to 24 hours after the session is made (docs.stripe.com/api/checkout/sessions/create)."""
    now = shop.store.now()
    wanted = params.integer("expires_at")
    if wanted is None:
        return now + 86_400
    if not now + 1800 <= wanted <= now + 86_400:
        raise ApiError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return wanted


def _line(group: Params) -> Body:
    group.only("price_data quantity")
    price = group.group("price_data")
    price.only("currency unit_amount product_data tax_behavior")
    product = price.group("product_data")
    product.only("name description metadata images tax_code")
    unit = price.integer("unit_amount")
    if unit is None:
        raise missing(price.name("unit_amount"))
    quantity = group.integer("quantity", least=1, most=999_999)
    if quantity is None:
        raise missing(group.name("quantity"))
    currency, name = price.required("currency").lower(), product.required("name")
    return {
        "id": random_id("li_1", 23),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity,
        "currency": currency,
        "description": name,
        "metadata": {},
        "price": _price(currency, unit),
        "quantity": quantity,
    }


def _price(currency: str, unit: int) -> Body:
    return {
        "id": random_id("price_1", 23),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "product": random_id("prod_", 14),
        "tax_behavior": "unspecified",
        "type": "one_time",
        "unit_amount": unit,
        "unit_amount_decimal": str(unit),
    }


def _intent_data(shop: Shop, group: Params) -> dict[str, Any]:
    group.only(_INTENT)
    transfer = group.group("transfer_data")
    transfer.only("destination amount")
    wish: dict[str, Any] = {
        "metadata": group.metadata(),
        "capture_method": group.choice("capture_method", "automatic automatic_async manual") or "automatic",
        "application_fee_amount": group.integer("application_fee_amount"),
        "transfer_data": {"destination": transfer.required("destination")} if "destination" in transfer else None,
    }
    for name in "description on_behalf_of receipt_email statement_descriptor transfer_group".split():
        wish[name] = group.text(name)
    connect.check_destination(shop, wish)
    return wish


def expire(shop: Shop, params: Params, wanted: str) -> Body:
    """POST /v1/checkout/sessions/{id}/expire: only while it is open."""
    params.only("")
    session = shop.find("checkout.session", wanted)
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
            kept=True,
        )
    return close(shop, session)


def close(shop: Shop, session: Body) -> Body:
    """End an open session unpaid."""
    session.update(status="expired", url=None)
    if session["payment_intent"] is not None:
        intent = shop.find("payment_intent", session["payment_intent"])
        if intent["status"] != "canceled":
            payments.release(shop, intent, "automatic")
    return shop.save(session, "checkout.session.expired")


def close_overdue(shop: Shop) -> None:
    """End the sessions whose time is over, as the clock goes."""
    for session in shop.store.overdue_sessions():
        close(shop, session)


def pay(shop: Shop, session: Body, attempt: Any) -> Body:
    """Let `attempt(intent)` try to pay an open session; return the intent, and complete the session if it went well."""
    if session["payment_intent"] is None:
        session["payment_intent"] = payments.create_intent(shop, session)["id"]
        shop.store.put(session)
    intent: Body = attempt(shop.find("payment_intent", session["payment_intent"]))
    if intent["status"] in ("succeeded", "requires_capture"):
        payer = intent["_payer"]
        session.update(
            status="complete", payment_status="paid" if intent["status"] == "succeeded" else "unpaid", url=None
        )
        session["customer_details"] = {
            "address": dict.fromkeys("city country line1 line2 postal_code state".split()),
            "business_name": None,
            "email": payer["email"] or session["customer_email"],
            "individual_name": None,
            "name": payer["name"],
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        }
        shop.save(session, "checkout.session.completed")
    return intent


def lines_of(session: Body) -> list[Body]:
    lines: list[Body] = session["_lines"]
    return lines
