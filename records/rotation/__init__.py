"""Rotation of keys, level by level, while everything else goes on; killed anywhere, it goes on where it was."""
