"""Rotations of keys, as those who run the platform ask for them. What one is: records.rotation."""
