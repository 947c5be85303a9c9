"""Calendars that others keep, read in: busy times, opening hours, closed days. What they say besides is not kept."""
