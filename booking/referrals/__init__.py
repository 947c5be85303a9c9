"""Referrals: a doctor sends a patient on, and the patient books from a list that is ready."""
