"""What a run writes into the database, a group at a time: outcomes, and the arming of what goes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.delivery.history import earlier_bounces
from briefingfeed.delivery.lease import Lease
from briefingfeed.delivery.outcomes import is_bounce, suppresses
from briefingfeed.delivery.pace import Full, Pace
from briefingfeed.models.delivery import Outcome, Record
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import deliveries, editions


@dataclass(frozen=True, slots=True)
class FinalWord:
    """The row waits since an earlier refusal for policy; now it is known to fail."""

    record: Record


Entry = Outcome | Record | FinalWord
"""What is put down about one row. An outcome alone: the copy was accepted, and nothing is to be decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Rows that a provider wants to hand over now."""

    renditions: Mapping[int, int]
    """By the id of the row: what its copy was made from."""
    unfit: tuple[Record, ...] = ()
    """Those of them of which no copy can be made: they fail instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    ids: frozenset[int]
    """The rows that may go."""
    late: frozenset[int] = frozenset()
    """Those for which there is no place within the provider's limits: they stay claimed."""
    full: Full | None = None
    """Set if any are late."""


Answer = Armed | None
"""None if the edition is no longer being sent, or this run may not send any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionBook:
    """The book of one run over one edition."""

    key: str
    run_id: str
    now: Callable[[], datetime]
    pace: Pace
    lease: Lease

    def record(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write down outcomes, and suppress the addresses that must not be mailed again."""
        now = self.now()
        if accepted := [entry for entry in entries if isinstance(entry, Outcome)]:
            deliveries.accept(connection, self.run_id, accepted, now)
        if fresh := [entry for entry in entries if isinstance(entry, Record)]:
            self._record(connection, fresh, now)
        if final := [entry.record for entry in entries if isinstance(entry, FinalWord)]:
            deliveries.fail_refused(connection, final, now)

    def _record(self, connection: Connection, fresh: Sequence[Record], now: datetime) -> None:
        earlier = {
            each.delivery_id: earlier_bounces(connection, each.delivery_id, now)
            for each in fresh
            if is_bounce(each.outcome)
        }
        suppress = {each.delivery_id for each in fresh if suppresses(each.outcome, earlier.get(each.delivery_id, 0))}
        deliveries.record(connection, self.run_id, fresh, now, suppress=suppress)

    def arm(self, connection: Connection, asks: Sequence[Ask], *, again: bool = False) -> Sequence[Answer]:
        """Arm the rows of all `asks` in one statement, as many as the provider's limits allow.

        A row may be asked for twice: it was given back while this run had it in hand, and claimed anew, perhaps with
        another rendition. It goes once, and as what it is now.

        `again`: the same was asked before, and the connection broke. What that commit has armed, if it came through,
        may go, and has its place already.
        """
        if not self.lease.may_arm(connection):
            return [None] * len(asks)
        now = self.now()
        asked = dict.fromkeys(each for ask in asks for each in sorted(ask.renditions))
        before = deliveries.armed(connection, self.run_id, asked) if again else {}
        wanted = [each for each in asked if each not in before]
        room = self.pace.room(connection, now)
        ids = {*before, *(wanted if room is None else wanted[: room.places])}
        armed = before | deliveries.arm(connection, self.run_id, ids - before.keys(), now)
        if not armed and editions.state(connection, self.key) is not EditionState.SENDING:
            return [None] * len(asks)
        shares = _divide(armed, asks)
        if superseded := armed.keys() - frozenset[int]().union(*shares):
            deliveries.disarm(connection, self.run_id, superseded)
        unfit = [
            record
            for ask, share in zip(asks, shares, strict=True)
            for record in ask.unfit
            if record.delivery_id in share
        ]
        if unfit:
            deliveries.record(connection, self.run_id, unfit, now)
        self.pace.count(connection, sum(len(share - before.keys()) for share in shares) - len(unfit), now)
        full = room.full if room is not None and len(wanted) > room.places else None
        return [
            Armed(ids=share, late=frozenset(ask.renditions.keys() - ids), full=full)
            for ask, share in zip(asks, shares, strict=True)
        ]


def _divide(armed: Mapping[int, int], asks: Sequence[Ask]) -> list[frozenset[int]]:
    """Return which of the armed rows each ask gets: a row goes to one whose copy is of its rendition."""
    left = dict(armed)
    shares = []
    for ask in asks:
        share = frozenset(each for each, rendition_id in ask.renditions.items() if left.get(each) == rendition_id)
        for each in share:
            del left[each]
        shares.append(share)
    return shares
