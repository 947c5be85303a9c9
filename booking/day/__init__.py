"""A doctor's day while it goes on: who is next, what is late, and what those who wait can expect."""
