"""Prescriptions: written by a doctor in a visit, sealed, never changed but by a new version."""
