"""Erasure: what was sealed for a person made unreadable for good, and the legal hold that stops it."""

from records.erasure.holds import HeldError, Hold, holds_on, lift_hold, place_hold, require_unheld
from records.erasure.service import Erasure, erasure_of, final_at, forget

__all__ = [
    "Erasure",
    "HeldError",
    "Hold",
    "erasure_of",
    "final_at",
    "forget",
    "holds_on",
    "lift_hold",
    "place_hold",
    "require_unheld",
]
