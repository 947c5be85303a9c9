"""Finding a visit: what a person wishes for, and the offers with free times that come nearest to it."""
