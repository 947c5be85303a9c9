"""How things are shown: Markdown that reads as well where it is not rendered. Pure."""
