"""Visits: booking, moving, cancelling them; their states, who is told, and the exclusive time that each one holds."""
