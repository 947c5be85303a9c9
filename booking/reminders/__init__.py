"""Reminders before visits: rows for what is due, never a job for each visit."""
