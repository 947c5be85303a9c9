"""Consultation rooms as booking sees them: when they open, close and are erased, and who belongs in them."""
