"""The third floor: people, centres, schedules, appointments, payments, reminders, calendars. Knows no Matrix.

A Matrix id is here only the name by which a person is found.
"""
