"""Visits as iCalendar (RFC 5545): feeds behind secret addresses, and the entry of one visit for the chat."""
