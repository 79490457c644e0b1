"""How large images are, and are shown."""
