"""What is only read: one object, a page of a list, and the references that a request wants expanded."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from demo.stripe.errors import ApiError
from demo.stripe.objects import shown
from demo.stripe.params import Params
from demo.stripe.shop import Shop
from demo.stripe.store import Body

_REFERENCES = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "payment_method": "payment_method",
    "balance_transaction": "balance_transaction",
}
_SOURCES = {"ch": "charge", "re": "refund", "du": "dispute"}
"""By what the id of a balance transaction's source begins with."""


def page(params: Params, items: Iterable[Body], url: str) -> Body:
    """A list in Stripe's form, the newest first: `limit`, `starting_after`, `ending_before` (docs: pagination)."""
    limit = params.integer("limit", least=1, most=100) or 10
    after, before = params.text("starting_after"), params.text("ending_before")
    if after is not None:
        items = iter(items)
        if not any(item["id"] == after for item in items):
            raise ApiError(f"No such object: '{after}'", code="resource_missing", param="starting_after")
    if before is not None:
        earlier = []
        for item in items:
            if item["id"] == before:
                break
            earlier.append(item)
        found, more = earlier[-limit:], len(earlier) > limit
    else:
        found = list(islice(items, limit + 1))
        found, more = found[:limit], len(found) > limit
    return {"object": "list", "data": [shown(item) for item in found], "has_more": more, "url": url}


def created_filter(params: Params) -> Callable[[Body], bool]:
    """`created` as a second, or as a group of gt, gte, lt, lte."""
    if "created" not in params:
        return lambda _: True
    try:
        exact = params.integer("created")
    except ApiError:
        group = params.group("created")
        group.only("gt gte lt lte")
        above = max(group.integer("gte") or 0, (group.integer("gt") or -1) + 1)
        below = group.integer("lt")
        least = group.integer("lte")
        return lambda body: (
            body["created"] >= above
            and (below is None or body["created"] < below)
            and (least is None or body["created"] <= least)
        )
    return lambda body: bool(body["created"] == exact)


def matching(shop: Shop, params: Params, kind: str, filters: str) -> Iterable[Body]:
    """The objects of a kind that have what the request's `filters` name."""
    params.only(f"limit starting_after ending_before created {filters}")
    wanted = {name: params.text(name) for name in filters.split() if name in params}
    fits = created_filter(params)
    for body in shop.store.newest(kind):
        if fits(body) and all(body[name] == value for name, value in wanted.items()):
            yield body


def expand(shop: Shop, body: Body, paths: list[str]) -> Body:
    """Put whole objects in the place of ids: `payment_intent.latest_charge`, in lists `data.payment_intent`."""
    for path in paths:
        if path.count(".") > 3:
            raise ApiError("You cannot expand more than 4 levels of a property.", param="expand")
        _expand(shop, body, path.split("."), path)
    return body


def _expand(shop: Shop, body: Body, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    if name == "data" and body.get("object") == "list":
        for item in body["data"]:
            _expand(shop, item, rest, path)
        return
    if name == "line_items" and body.get("object") == "checkout.session":
        session = shop.find("checkout.session", body["id"])
        lines: list[Any] = session["_lines"]
        url = f"/v1/checkout/sessions/{body['id']}/line_items"
        body["line_items"] = {"object": "list", "data": lines, "has_more": False, "url": url}
        return
    reference = _SOURCES.get(str(body.get(name)).partition("_")[0]) if name == "source" else _REFERENCES.get(name)
    if reference is None or name not in body:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(body[name], str):
        body[name] = shown(shop.find(reference, body[name]))
    if rest and body[name] is not None:
        _expand(shop, body[name], rest, path)
