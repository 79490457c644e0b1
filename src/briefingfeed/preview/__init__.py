"""The preview: a local page on which an editor sees the next edition, and writes posts. Nothing is sent from here."""
