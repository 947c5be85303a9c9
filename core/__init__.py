"""The ground floor: settings, database, inbox and outbox, clock, ids, money, time zones, errors, logging.

Nothing here knows about medicine or Matrix.
"""
