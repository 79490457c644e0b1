"""Which posts, when, and as what bytes: the digest from selection to MIME."""
