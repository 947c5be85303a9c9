"""Connect: accounts of those who are paid through the platform, their onboarding, and what of a charge goes to them.

A destination charge: the amount is charged for the platform, moved on to the account, and the application fee comes
back from there (https://docs.stripe.com/connect/destination-charges).
"""

from demo.stripe.errors import ApiError
from demo.stripe.objects import new, random_id
from demo.stripe.params import Params
from demo.stripe.shop import Shop
from demo.stripe.store import Body

_LINK_SECONDS = 300


def create_account(shop: Shop, params: Params) -> Body:
    """POST /v1/accounts: nothing is enabled before the onboarding is over."""
    params.only("country email type business_type capabilities controller metadata business_profile default_currency")
    for name in ("capabilities", "controller", "business_profile"):
        params.group(name)
    account = new("account", country=params.required("country"), email=params.text("email"))
    account["metadata"] = params.metadata()
    account["capabilities"] = {"card_payments": "inactive", "transfers": "inactive"}
    return shop.save(account)


def create_link(shop: Shop, params: Params) -> Body:
    """POST /v1/account_links: a page of a few minutes' life, on which the account's owner answers questions."""
    params.only("account refresh_url return_url type collection_options")
    account = shop.find("account", params.required("account"), "account")
    params.choice("type", "account_onboarding account_update")
    account["_return_url"] = params.required("return_url")
    account["_link"] = random_id("", 24)
    shop.store.put(account)
    now = shop.store.now()
    return {
        "object": "account_link",
        "created": now,
        "expires_at": now + _LINK_SECONDS,
        "url": f"{shop.base_url}/setup/{account['id']}/{account['_link']}",
    }


def onboarded(shop: Shop, account: Body) -> Body:
    """The owner answered all questions."""
    account.update(charges_enabled=True, payouts_enabled=True, details_submitted=True, _link=None)
    account["capabilities"] = {"card_payments": "active", "transfers": "active"}
    account["requirements"] = {"currently_due": [], "disabled_reason": None, "past_due": []}
    return shop.save(account, "account.updated")


def check_destination(shop: Shop, wish: Body) -> None:
    """Refuse to charge for an account that is not there or may not be paid yet, and a fee without one."""
    transfer = wish["transfer_data"]
    if transfer is None:
        if wish["application_fee_amount"] is not None:
            raise ApiError(
                "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment or"
                " destination payment.",
                param="payment_intent_data[application_fee_amount]",
                kept=True,
            )
        return
    account = shop.find("account", transfer["destination"], "payment_intent_data[transfer_data][destination]")
    if account["capabilities"].get("transfers") != "active":
        raise ApiError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers,"
            " crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
            kept=True,
        )


def move_on(shop: Shop, charge: Body, amount: int, fee: int | None) -> None:
    """Move what was charged on to its destination, less the fee."""
    if charge["transfer_data"] is None:
        return
    destination = charge["transfer_data"]["destination"]
    transfer = new(
        "transfer",
        amount=amount,
        currency=charge["currency"],
        destination=destination,
        source_transaction=charge["id"],
    )
    shop.save(transfer, "transfer.created")
    charge["transfer"] = transfer["id"]
    if fee:
        taken = new(
            "application_fee", account=destination, amount=fee, charge=charge["id"], currency=charge["currency"]
        )
        shop.save(taken, "application_fee.created")
        charge.update(application_fee=taken["id"], application_fee_amount=fee)


def create_transfer(shop: Shop, params: Params) -> Body:
    """POST /v1/transfers: move some of the platform's balance on to an account."""
    params.only("amount currency destination metadata transfer_group")
    account = shop.find("account", params.required("destination"), "destination")
    transfer = new(
        "transfer",
        amount=params.integer("amount", least=1),
        currency=params.required("currency"),
        destination=account["id"],
        metadata=params.metadata(),
        transfer_group=params.text("transfer_group"),
    )
    return shop.save(transfer, "transfer.created")


def reverse_transfer(shop: Shop, params: Params, wanted: str) -> Body:
    """POST /v1/transfers/{id}/reversals: take some of it back, with the same share of the application fee if asked."""
    params.only("amount metadata refund_application_fee")
    transfer = shop.find("transfer", wanted)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.integer("amount", least=1) or left
    if amount > left:
        raise ApiError(
            f"Transfer {wanted} has only {left} left to reverse.", code="transfer_reversal_too_large", kept=True
        )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    reversal = shop.store.put(
        new(
            "transfer_reversal",
            amount=amount,
            currency=transfer["currency"],
            transfer=transfer["id"],
            metadata=params.metadata(),
        )
    )
    shop.save(transfer, "transfer.reversed")
    if params.boolean("refund_application_fee") and transfer["source_transaction"]:
        charge = shop.find("charge", transfer["source_transaction"])
        give_fee_back(shop, charge, amount, transfer["amount"])
    return reversal


def give_fee_back(shop: Shop, charge: Body, part: int, whole: int) -> None:
    """Give a share of the application fee back to the account that paid it."""
    if not charge["application_fee"]:
        return
    taken = shop.find("application_fee", charge["application_fee"])
    taken["amount_refunded"] = min(taken["amount"], taken["amount_refunded"] + taken["amount"] * part // whole)
    taken["refunded"] = taken["amount_refunded"] == taken["amount"]
    shop.save(taken, "application_fee.refunded")


def take_back(shop: Shop, charge: Body, refunded: int, *, reverse: bool, fee: bool) -> None:
    """Take the refunded share back from the destination, and give the same share of the fee back to it.

    `refunded`: of the charge, altogether.
    """
    captured = charge["amount_captured"]
    if reverse:
        transfer = shop.find("transfer", charge["transfer"])
        transfer["amount_reversed"] = transfer["amount"] * refunded // captured
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        shop.save(transfer, "transfer.reversed")
    if fee and charge["application_fee"]:
        taken = shop.find("application_fee", charge["application_fee"])
        taken["amount_refunded"] = taken["amount"] - taken["amount"] * (captured - refunded) // captured
        taken["refunded"] = taken["amount_refunded"] == taken["amount"]
        shop.save(taken, "application_fee.refunded")
