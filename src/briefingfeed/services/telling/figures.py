"""Numbers of deliveries in the words that people read; the states' own names stand in `--json` and the docs."""

from __future__ import annotations

from collections.abc import Mapping

from briefingfeed.models.delivery import DeliveryState

DELIVERY_WORDS: Mapping[DeliveryState, str] = {
    DeliveryState.ACCEPTED: "handed over",
    DeliveryState.FAILED: "refused",
    DeliveryState.UNCERTAIN: "unclear",
    DeliveryState.SKIPPED: "left out",
    DeliveryState.EXPIRED: "too late",
    DeliveryState.PENDING: "waiting",
    DeliveryState.CLAIMED: "waiting",
    DeliveryState.SUBMITTING: "being handed over",
    DeliveryState.DEFERRED: "put off",
}


def totals(counts: Mapping[DeliveryState, int]) -> Mapping[str, int]:
    """Return how many there are of each word, none left out but zeros; states that people don't tell apart are added
    up. The sum is that of `counts`."""
    found: dict[str, int] = {}
    for state, word in DELIVERY_WORDS.items():
        if counts.get(state):
            found[word] = found.get(word, 0) + counts[state]
    return found


def counts_in_words(counts: Mapping[DeliveryState, int]) -> str:
    """Write `800 handed over, 2 refused`."""
    return ", ".join(f"{count} {word}" for word, count in totals(counts).items()) or "nobody"
