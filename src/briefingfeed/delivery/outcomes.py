"""What follows from an attempt: the row's next state, when it falls due again, who is suppressed.

Pure. Rows, clocks and servers are elsewhere; the table is docs/operations.md's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType

from briefingfeed.delivery.weights import Weight, weight_of
from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Record, Result

FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(seconds=4000)
LONGEST_ASKED_WAIT = timedelta(days=1)
"""A `Retry-After` beyond this is cut: the edition would expire before the row is tried again."""
RETURN_WAIT = timedelta(minutes=1)
POLICY_LIMIT = 3
"""Refusals for policy in a row, of different recipients, after which the edition is held."""
NOBODY_LIMIT = 10
"""Readers refused for good without a code that says why, before anybody was accepted, after which the edition is
held."""
BOUNCE_LIMIT = 3
"""Editions that must bounce before an address without a telling code is suppressed."""

_STATES = {
    Result.ACCEPTED: DeliveryState.ACCEPTED,
    Result.DEFERRED: DeliveryState.DEFERRED,
    Result.REJECTED: DeliveryState.FAILED,
    Result.FAILED: DeliveryState.FAILED,
    Result.POLICY: DeliveryState.DEFERRED,
    Result.RETURNED: DeliveryState.PENDING,
    Result.UNCERTAIN: DeliveryState.UNCERTAIN,
}


def settle(outcome: Outcome, *, attempts: int, returns: int, now: datetime) -> Record:
    """Return what to write down for `outcome`.

    `attempts` counts those charged to this row before this one; `returns`, how often it came back untouched in this
    run. A row that comes back twice steps behind the others, so that a message on which the session breaks each time
    doesn't keep everybody else waiting.
    """
    state = _STATES[outcome.result]
    due = None
    if outcome.result is Result.RETURNED and returns:
        state, due = DeliveryState.DEFERRED, now + RETURN_WAIT * returns
    elif state is DeliveryState.DEFERRED:
        due = now + wait(outcome, attempts)
    return Record(
        delivery_id=outcome.delivery_id,
        state=state,
        outcome=outcome,
        next_attempt_at=due,
        charge=outcome.result is not Result.RETURNED,
    )


def wait(outcome: Outcome, attempts: int) -> timedelta:
    """Return how long a refused row rests: 5 minutes, doubling to 67, plus up to a fifth; longer if asked to.

    The fifth is drawn from the row and the attempt, so that rows refused together don't all come back together, and
    the same history gives the same times.
    """
    base = min(FIRST_WAIT * (1 << min(attempts, 10)), LONGEST_WAIT)
    drawn = sha256(f"{outcome.delivery_id}/{attempts}".encode()).digest()
    rest = base * (1 + int.from_bytes(drawn[:4], "big") / 2**32 / 5)
    return max(rest, _asked(outcome.retry_after))


def _asked(seconds: float | None) -> timedelta:
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=min(seconds, LONGEST_ASKED_WAIT.total_seconds()))


def suppresses(outcome: Outcome, earlier_bounces: int) -> bool:
    """Whether the address must not be mailed again. `earlier_bounces`: other editions refused for good at RCPT."""
    if outcome.result is Result.REJECTED:
        return True
    return is_bounce(outcome) and earlier_bounces + 1 >= BOUNCE_LIMIT


def is_bounce(outcome: Outcome) -> bool:
    """Refused for good when the recipient was named, without a code that says why. A full mailbox is emptied, and a
    server that can't carry an address says nothing about it."""
    is_refused = outcome.result is Result.FAILED and outcome.phase is Phase.RCPT
    return is_refused and weight_of(outcome.enhanced_code, permanent=True) is Weight.PERMANENT


@dataclass(frozen=True, slots=True)
class PolicyWatch:
    """Tells a refusal of one recipient's server from a refusal of us (DESIGN section 10).

    A policy refusal alone proves nothing, so its row waits. If a later recipient is accepted, the refusal was about
    that recipient: its row fails. Three in a row are about us: the edition is held and nobody is blamed.
    """

    refused: Mapping[int, Outcome] = field(default_factory=lambda: MappingProxyType({}))

    def after(self, outcome: Outcome) -> tuple[PolicyWatch, tuple[Outcome, ...]]:
        """Return the watch after `outcome`, and the earlier refusals that it shows to be final."""
        if not self.refused and outcome.result is not Result.POLICY:
            return self, ()
        others = self.without(outcome.delivery_id).refused
        if outcome.result is Result.POLICY:
            return PolicyWatch(MappingProxyType({**others, outcome.delivery_id: outcome})), ()
        if outcome.result is Result.ACCEPTED:
            return PolicyWatch(), tuple(replace(each, result=Result.FAILED) for each in others.values())
        return PolicyWatch(others), ()

    def without(self, delivery_id: int) -> PolicyWatch:
        """Return the watch for when this row is tried again: its old refusal no longer counts."""
        if delivery_id not in self.refused:
            return self
        return PolicyWatch(MappingProxyType({key: value for key, value in self.refused.items() if key != delivery_id}))

    @property
    def must_hold(self) -> bool:
        return len(self.refused) >= POLICY_LIMIT


@dataclass(frozen=True, slots=True)
class BounceWatch:
    """Tells dead addresses from a server that takes nobody's mail from us, and gives no code: many answer 550 to each
    recipient if a login is missing. All readers would fail, and be suppressed with their third edition."""

    refused: int = 0
    has_accepted: bool = False

    def after(self, outcome: Outcome) -> BounceWatch:
        """Return the watch after `outcome`."""
        if self.has_accepted:
            return self
        if outcome.result is Result.ACCEPTED:
            return BounceWatch(has_accepted=True)
        return BounceWatch(self.refused + 1) if is_bounce(outcome) else self

    @property
    def must_hold(self) -> bool:
        return self.refused >= NOBODY_LIMIT
