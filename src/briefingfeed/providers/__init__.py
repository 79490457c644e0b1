"""One file per way out. A provider's sending, settings and error reading share its file."""
