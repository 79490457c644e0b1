"""Whether runs come when they are needed: what a wrong hour in crontab looks like from here. Pure.

cron goes by the machine's clock, slots by the publication's. A line that ran right at the slot in summer runs an hour
before it in winter, and the digest goes out with the next run, which may be a day later, or a week.

Nothing is said unless runs come seldom and at regular times, and the very next one would come too late by a good deal;
or the digest did go out late, and no run came before it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low

from briefingfeed.services.telling.run_log import Run
from briefingfeed.storage.set_back import AHEAD

LATE = timedelta(minutes=90)
"""An edition that begins so long after its slot is late. An hour, as a change of the clocks makes, is not."""
_LOOKED_AT = 9
_FEWEST_GAPS = 2
_LOOSE = timedelta(minutes=75)
"""Runs may come so much earlier or later than usual and still be regular: an hour when the clocks change."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """A slot between two runs."""

    before: datetime
    slot_at: datetime
    after: datetime
    """A run that came, or is expected."""


def rhythm(runs: Sequence[Run]) -> timedelta | None:
    """Return the shortest time between two of the last runs that a clock has started, if they come regularly.

    None if too few of them are known, or somebody seems to start them as they come.
    """
    starts = [run.started_at for run in runs if not run.by_hand][-_LOOKED_AT:]
    gaps = [after - before for before, after in pairwise(starts)]
    if len(gaps) < _FEWEST_GAPS:
        return None
    usual = median_low(gaps)
    if usual <= timedelta(0) or any(_distance(gap, usual) > _LOOSE for gap in gaps):
        return None
    return min(gaps)


def will_be_late(slot_at: datetime, runs: Sequence[Run], now: datetime) -> Gap | None:
    """Return the gap into which the coming slot falls, if the next run is to be expected well after it.

    The shortest time between runs counts, so that an irregular one never makes it look worse than it is.
    """
    step = rhythm(runs)
    if step is None or now >= slot_at:
        return None
    last = max(run.started_at for run in runs if not run.by_hand)
    expected = last + step
    return Gap(last, slot_at, expected) if expected > now and expected - slot_at > LATE else None


def came_late(slot_at: datetime, began: datetime, runs: Sequence[Run]) -> Gap | None:
    """Return the gap into which a slot fell whose edition began late, if only because no run came.

    If runs came in between, something else kept the edition; it has been told. `began` is when it was frozen.
    """
    before = [run.started_at for run in runs if run.started_at < slot_at]
    since = [run.started_at for run in runs if run.started_at >= slot_at]
    if not before or not since or began - slot_at <= LATE or min(since) - slot_at <= LATE:
        return None
    return Gap(max(before), slot_at, min(since)) if min(since) <= began else None


def never_came(slot_at: datetime, runs: Sequence[Run], now: datetime) -> Gap | None:
    """Return the gap into which a slot fell that was missed, if no run came until `now`.

    The newest run is the one that asks, unless it has ended.
    """
    earlier = runs[:-1] if runs and runs[-1].ended_at is None else runs
    before = [run.started_at for run in earlier if run.started_at < slot_at]
    if not before or any(run.started_at >= slot_at for run in earlier):
        return None
    return Gap(max(before), slot_at, now)


def stopped(runs: Sequence[Run], now: datetime) -> datetime | None:
    """Return when the last run came, if the next should have come long ago."""
    if not runs:
        return None
    last = runs[-1].started_at
    return last if now - last > max(_DAY, 2 * (rhythm(runs) or _DAY)) else None


def ahead(runs: Sequence[Run], now: datetime) -> datetime | None:
    """Return when the newest run began, if that is yet to come: the clock has jumped back, or was ahead."""
    newest = max((run.started_at for run in runs), default=None)
    return newest if newest is not None and newest > now + AHEAD else None


def _distance(gap: timedelta, usual: timedelta) -> timedelta:
    """Return how far `gap` is from a whole number of usual ones: on Fridays the next one comes after three days."""
    rest = gap % usual
    return min(rest, usual - rest) if gap > usual else usual - gap
