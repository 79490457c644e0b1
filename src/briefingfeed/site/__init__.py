"""Post -> HTML pages."""
