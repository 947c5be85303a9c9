"""Which method and path is which piece of work."""

import re
from collections.abc import Callable

from demo.stripe import checkout, connect, payments, refunds
from demo.stripe.deliveries import Deliveries
from demo.stripe.errors import ApiError
from demo.stripe.params import Params
from demo.stripe.reading import matching, page
from demo.stripe.shop import Shop
from demo.stripe.store import Body

Work = Callable[..., Body]
"""Called with the shop, the parameters, and the id in the path if there is one."""


def _reader(kind: str) -> Work:
    def read(shop: Shop, params: Params, wanted: str) -> Body:
        params.only("")
        return shop.find(kind, wanted)

    return read


def _lister(kind: str, url: str, filters: str) -> Work:
    def read(shop: Shop, params: Params) -> Body:
        return page(params, matching(shop, params, kind, filters), url)

    return read


def _line_items(shop: Shop, params: Params, wanted: str) -> Body:
    params.only("limit starting_after ending_before")
    lines = checkout.lines_of(shop.find("checkout.session", wanted))
    return page(params, lines, f"/v1/checkout/sessions/{wanted}/line_items")


def _reversals(shop: Shop, params: Params, wanted: str) -> Body:
    found = (each for each in matching(shop, params, "transfer_reversal", "") if each["transfer"] == wanted)
    return page(params, found, f"/v1/transfers/{wanted}/reversals")


def _events(shop: Shop, params: Params) -> Body:
    """GET /v1/events: also by type, types, and by whether all webhooks were delivered."""
    params.only("limit starting_after ending_before created type types delivery_success")
    events = matching(shop, params.but("type types delivery_success"), "event", "")
    kinds = {*params.texts("types"), *filter(None, [params.text("type")])}
    if kinds:
        events = (event for event in events if event["type"] in kinds)
    wanted = params.boolean("delivery_success")
    if wanted is not None:
        failed = Deliveries(shop.store).unsuccessful()
        events = (event for event in events if (event["id"] not in failed) == wanted)
    return page(params, events, "/v1/events")


def _balance(shop: Shop, params: Params) -> Body:
    params.only("")
    sums: dict[str, int] = {}
    for each in shop.store.newest("balance_transaction"):
        sums[each["currency"]] = sums.get(each["currency"], 0) + each["net"]
    available = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}} for currency, amount in sums.items()
    ]
    return {"object": "balance", "available": available, "connect_reserved": [], "livemode": False, "pending": []}


_WORK: list[tuple[str, str, Work]] = [
    ("POST", "checkout/sessions", checkout.create),
    ("GET", "checkout/sessions", _lister("checkout.session", "/v1/checkout/sessions", "payment_intent status")),
    ("GET", "checkout/sessions/ID", _reader("checkout.session")),
    ("POST", "checkout/sessions/ID/expire", checkout.expire),
    ("GET", "checkout/sessions/ID/line_items", _line_items),
    ("GET", "payment_intents", _lister("payment_intent", "/v1/payment_intents", "")),
    ("GET", "payment_intents/ID", _reader("payment_intent")),
    ("POST", "payment_intents/ID/capture", payments.capture),
    ("POST", "payment_intents/ID/cancel", payments.cancel),
    ("GET", "charges", _lister("charge", "/v1/charges", "payment_intent")),
    ("GET", "charges/ID", _reader("charge")),
    ("GET", "payment_methods/ID", _reader("payment_method")),
    ("POST", "refunds", refunds.create),
    ("GET", "refunds", _lister("refund", "/v1/refunds", "payment_intent charge")),
    ("GET", "refunds/ID", _reader("refund")),
    ("GET", "events", _events),
    ("GET", "events/ID", _reader("event")),
    ("POST", "accounts", connect.create_account),
    ("GET", "accounts/ID", _reader("account")),
    ("POST", "account_links", connect.create_link),
    ("POST", "transfers", connect.create_transfer),
    ("GET", "transfers", _lister("transfer", "/v1/transfers", "destination transfer_group")),
    ("POST", "transfers/ID/reversals", connect.reverse_transfer),
    ("GET", "transfers/ID/reversals", _reversals),
    ("GET", "disputes", _lister("dispute", "/v1/disputes", "charge payment_intent")),
    ("GET", "disputes/ID", _reader("dispute")),
    ("GET", "application_fees", _lister("application_fee", "/v1/application_fees", "charge")),
    ("GET", "balance", _balance),
    ("GET", "balance_transactions", _lister("balance_transaction", "/v1/balance_transactions", "source type currency")),
    ("GET", "balance_transactions/ID", _reader("balance_transaction")),
]
_PATTERNS = [(method, re.compile("/v1/" + path.replace("ID", r"(\w+)")), work) for method, path, work in _WORK]


def call(shop: Shop, method: str, path: str, params: Params) -> Body:
    """Do the work that the address names. Raises ApiError (404) if there is no such address."""
    for known, pattern, work in _PATTERNS:
        found = pattern.fullmatch(path)
        if found and known == method:
            return work(shop, params, *found.groups())
    raise ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)
