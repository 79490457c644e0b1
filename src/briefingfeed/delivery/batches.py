"""The first batch: some readers get an edition before the others, and then it pauses, so that it can be stopped."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from briefingfeed.models.edition import EditionState
from briefingfeed.storage import batches, deliveries, editions, set_back
from briefingfeed.storage.batches import FIRST, Refusal

FEWEST_REFUSALS = 2
"""One address alone is never a reason to stop: it may simply be gone."""
_ONE_IN = 20


def draw(key: str, ids: Iterable[int], size: int) -> list[int]:
    """Choose `size` of `ids`, each with the same chance. Pure: drawn from the edition's key, so other people each time
    and the same however often it is asked."""
    return heapq.nsmallest(size, ids, key=lambda each: sha256(f"{key}/{each}".encode()).digest())


def is_too_much(refused: int, size: int) -> bool:
    """Whether so many of the first batch were refused that nobody else should get it: more than 5 %, and at least two.

    Refused counts who was refused for good, by the server or by a mail that came back, and who was refused for what we
    are or send (5.7.x): the first batch is there to find out about that.
    """
    return refused >= FEWEST_REFUSALS and refused * _ONE_IN > size


def set_first_batch_apart(connection: Connection, key: str, size: int | None) -> None:
    """Draw the first batch of an edition that is being frozen, if it has more readers than that."""
    edition = editions.get(connection, key)
    if size is not None and edition is not None and size < edition.recipients:
        batches.set_apart(connection, key, draw(key, batches.row_ids(connection, key), size))


def advance(connection: Connection, key: str, now: datetime, pause: timedelta) -> None:
    """Bring an edition to where its first batch should be by `now`: held, in its `pause`, or open to everybody.

    Any number of runs may call it at any time; each step is taken once.
    """
    edition = editions.get(connection, key)
    if edition is None or edition.open_batch != FIRST or not batches.is_tried(connection, key):
        return
    if _hold_if_refused(connection, key, now):
        return
    if edition.pause_until is None:
        batches.pause(connection, key, now + pause)
    elif not set_back.is_behind(connection, now):
        # The clock may have been set back since. Where it only was behind for a while, the others follow early, but by
        # no more than the pause: nothing that is written down tells the two apart, and to wait for days is worse.
        batches.shorten_pause(connection, key, now + pause)
    batches.open_to_everybody(connection, key, now)


def _hold_if_refused(connection: Connection, key: str, now: datetime) -> bool:
    found, size = batches.refusals(connection, key), batches.size(connection, key)
    if not is_too_much(sum(refusal.copies for refusal in found), size):
        return False
    edition = editions.get(connection, key, for_update=True)
    if edition is not None and edition.state in (EditionState.FROZEN, EditionState.SENDING):
        waiting = sum(count for state, count in deliveries.counts(connection, key).items() if state.waits)
        editions.set_state(connection, key, EditionState.HELD, now, refused_note(found, size, waiting))
    return True


def refused_note(found: Sequence[Refusal], size: int, waiting: int) -> str:
    """Say why an edition holds itself. `found`: what was refused, the most frequent reply first."""
    refused = sum(refusal.copies for refusal in found)
    reply = found[0].reply
    why = f", most often with “{reply}”" if reply else ""
    return f"{refused} of the first {size} readers were refused{why}; {waiting} wait"
