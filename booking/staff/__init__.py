"""Who works at a centre: how they come, how they go, and the room that they have in common."""
