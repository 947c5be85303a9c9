"""Who looked at what, who wrote what, and why: only added to, and chained so that a change shows."""
