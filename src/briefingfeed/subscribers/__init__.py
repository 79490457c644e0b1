"""Who gets the digest: consent, import and export."""
