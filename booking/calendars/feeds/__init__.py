"""Feeds: addresses that calendars subscribe to, what they tell, and how they are served."""
