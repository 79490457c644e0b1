"""Which corrections of a post somebody has not heard of. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from briefingfeed.models.post import Correction


def mark_of(correction: Correction) -> str:
    """Return what a correction is remembered by: its date, and a digest of its note."""
    digest = hashlib.sha256(" ".join(correction.note.split()).encode()).hexdigest()[:16]
    return f"{correction.date.isoformat()} {digest}"


def news(corrections: Sequence[Correction], known: Collection[str]) -> tuple[Correction, ...]:
    """Return the corrections that somebody who knows of these marks has not heard of.

    A note that was only reworded is none: of each date there must be more corrections than they know.
    """
    counts = Counter(mark[:10] for mark in set(known))
    found: list[Correction] = []
    for day in dict.fromkeys(each.date for each in corrections):
        of_day = [each for each in corrections if each.date == day]
        unknown = [each for each in of_day if mark_of(each) not in known]
        more = len(of_day) - counts[day.isoformat()]
        found += unknown[max(len(unknown) - more, 0) :] if more > 0 else []
    return tuple(each for each in corrections if each in found)


def known_by_date(corrections: Sequence[Correction], day: date) -> frozenset[str]:
    """Return the marks that a mail of that day must have shown, where nobody wrote them down."""
    return frozenset(mark_of(each) for each in corrections if each.date <= day)
