"""Everything that speaks Matrix: events in, encryption, rooms, messages out. It understands no word of them."""
