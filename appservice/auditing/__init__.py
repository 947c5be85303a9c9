"""What keeps the audit provable: entries go into its tree, its heads are signed, and go to a room and a file."""
