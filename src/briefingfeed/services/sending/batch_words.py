"""What is said of an edition while only its first batch goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Edition, EditionState
from briefingfeed.services.sending.editions import count_had
from briefingfeed.storage.batches import FIRST

_A_DAY = timedelta(days=1)


def first_batch(
    edition: Edition, batches: Mapping[int, Mapping[DeliveryState, int]], now: datetime, zone: ZoneInfo
) -> str | None:
    """Say how far the first batch has come and when the rest follows; None if there is none, or it is past.

    `batches`: how many rows of each batch are in each state.
    """
    if edition.open_batch != FIRST or FIRST not in batches:
        return None
    had = count_had(batches[FIRST])
    everybody = sum(sum(counts.values()) for counts in batches.values())
    return f"First batch: {had} of {everybody} have it; {_rest(edition, now, zone)}."


def _rest(edition: Edition, now: datetime, zone: ZoneInfo) -> str:
    if edition.state is EditionState.HELD:
        return "the rest waits, since the edition is held"
    if edition.state is EditionState.CANCELLED:
        return "the rest never gets it"
    if edition.pause_until is None:
        return "the rest waits until all of the batch was tried, and a pause after that"
    if edition.pause_until <= now:
        return "the rest follows with the next run"
    at = edition.pause_until.astimezone(zone)
    day = "" if edition.pause_until - now < _A_DAY else f"on {at:%A} "
    return f"the rest follows {day}at {at:%H:%M} unless you hold it"
