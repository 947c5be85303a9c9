"""The third floor: centres, practitioners, services, schedules, search, appointments, payments, calendars, reminders.

Knows no Matrix and no encryption: people are Matrix ids in words, messages to them are notices of ids, and what has to
be sealed goes through records.Vault. `context` is what all of it needs, `access` says who may do what.
"""
