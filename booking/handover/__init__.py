"""Records that a family kept for a child are taken over by the child who has come of age."""
