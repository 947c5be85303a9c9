"""Persons (who talk to the service) and patients (who are treated): oneself, and the family one books for."""
