"""Finding a patient of a centre by name, over a blind index: names are sealed."""
