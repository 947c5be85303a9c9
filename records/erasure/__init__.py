"""Erasure: what was sealed for a person made unreadable for good, and the legal hold that stops it."""

from records.erasure.holds import (
    HeldError,
    Hold,
    holds_on,
    is_held,
    lift_hold,
    place_hold,
    require_unheld,
    standing_holds,
)
from records.erasure.service import (
    Erasure,
    carry_out_again,
    erasure_of,
    final_at,
    finish,
    forget,
    forget_all,
    unfinished,
)

__all__ = [
    "Erasure",
    "HeldError",
    "Hold",
    "carry_out_again",
    "erasure_of",
    "final_at",
    "finish",
    "forget",
    "forget_all",
    "holds_on",
    "is_held",
    "lift_hold",
    "place_hold",
    "require_unheld",
    "standing_holds",
    "unfinished",
]
