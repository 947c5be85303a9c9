"""Idempotency keys as docs.stripe.com/api/idempotent_requests has them."""

import hashlib
import json
from dataclasses import dataclass

from demo.stripe.errors import ApiError
from demo.stripe.store import Body, Store

_KEPT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Body
    request: str
    """Id of the request that was answered so."""


class Keys:
    """Answers by key: the same request again gets the same answer, another one is refused, one under way waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: set[str] = set()

    def begin(self, key: str, fingerprint: str) -> Answer | None:
        """Return the first answer if there was one. Raises ApiError: 400 for another request, 409 for one under way."""
        row = self._store.db.execute(
            "SELECT * FROM answer WHERE key = ? AND created > ?", (key, self._store.now() - _KEPT_SECONDS)
        ).fetchone()
        if row is not None and row["fingerprint"] != fingerprint:
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        if row is not None:
            return Answer(row["status"], json.loads(row["body"]), row["request"])
        if key in self._under_way:
            raise ApiError(
                "There is currently another in-progress request using this idempotency key "
                "(that probably means you submitted twice, and the other request is still going through).",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        self._under_way.add(key)
        return None

    def keep(self, key: str, fingerprint: str, answer: Answer) -> None:
        self._store.db.execute(
            "INSERT OR REPLACE INTO answer (key, fingerprint, status, body, request, created)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (key, fingerprint, answer.status, json.dumps(answer.body), answer.request, self._store.now()),
        )

    def end(self, key: str) -> None:
        self._under_way.discard(key)


def fingerprint(path: str, values: Body) -> str:
    """The same for the same request, in whatever order its parameters came."""
    return hashlib.sha256(f"{path}\n{json.dumps(values, sort_keys=True)}".encode()).hexdigest()
