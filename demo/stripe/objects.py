"""New objects of Stripe's kinds, each with all of its published keys (objects/*.json)."""

import copy
import json
import secrets
import string
from functools import cache
from pathlib import Path
from typing import Any

from demo.stripe.store import Body, Store

_LETTERS = string.ascii_letters + string.digits
_PREFIXES = {
    "checkout.session": ("cs_test_a1", 58),
    "payment_intent": ("pi_3", 23),
    "payment_method": ("pm_1", 23),
    "charge": ("ch_3", 23),
    "refund": ("re_3", 23),
    "balance_transaction": ("txn_3", 23),
    "event": ("evt_1", 23),
    "account": ("acct_1", 16),
    "transfer": ("tr_3", 23),
    "application_fee": ("fee_1", 23),
    "transfer_reversal": ("trr_1", 23),
    "dispute": ("du_1", 23),
}


@cache
def _template(kind: str) -> Body:
    file = Path(__file__).parent / "objects" / f"{kind}.json"
    loaded: Body = json.loads(file.read_text())
    return loaded


def random_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def new(kind: str, **values: Any) -> Body:
    """Return a fresh object of `kind`, not yet stored. A value whose name begins with _ is never shown."""
    body = {**copy.deepcopy(_template(kind)), "id": random_id(*_PREFIXES[kind]), "created": Store.now()}
    unknown = {name for name in values if name not in body and not name.startswith("_")}
    assert not unknown, f"{kind} has no {unknown}"
    return {**body, **values}


def shown(body: Body) -> Body:
    """What the outside sees of an object."""
    return {name: value for name, value in body.items() if not name.startswith("_")}
