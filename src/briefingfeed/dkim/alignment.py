"""Whether a signature speaks for the sender that readers see (DMARC, RFC 7489, section 3.1.1)."""

from __future__ import annotations


def is_aligned(domain: str, sender: str) -> bool:
    """Return whether a signature by `domain` counts for mail from the domain `sender`.

    One is the other, or above it. Which siblings belong together only the list of public suffixes knows; nobody needs
    them here.
    """
    ours, theirs = domain.lower(), sender.lower()
    return ours == theirs or theirs.endswith(f".{ours}") or ours.endswith(f".{theirs}")
