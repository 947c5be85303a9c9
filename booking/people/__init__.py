"""People: who writes to us, for whom they book (themselves, their family), and what they are in the directory."""
