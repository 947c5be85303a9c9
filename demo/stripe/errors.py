"""Refusals in Stripe's shape, from which the SDK makes its exceptions."""

from typing import Any


class ApiError(Exception):
    """An answer that is not 2xx. `kept`: whether a repeat with the same idempotency key gets it again (it does once
    the work had begun; a request whose parameters were wrong may be corrected and sent again).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        told = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.body = {"error": {name: value for name, value in told.items() if value is not None}}


def missing(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(kind: str, wanted: str, param: str = "id") -> ApiError:
    return ApiError(f"No such {kind}: '{wanted}'", status=404, code="resource_missing", param=param)
