"""One thing that somebody should know about an edition before it is frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found; `stops` if the edition must not leave with it."""

    stops: bool
    message: str
    remedy: str
    post_path: str | None = None
    field: str | None = None
    """The key of that post's front matter which mends it. None: what stands in its text."""
