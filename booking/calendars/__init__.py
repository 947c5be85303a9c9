"""Visits in people's calendars (iCalendar): feeds behind secret addresses, and invitations for the chat."""
