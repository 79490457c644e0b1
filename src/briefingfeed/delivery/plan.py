"""Which slot is due now, and which were missed before it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot
from briefingfeed.newsletter.schedule import PERIOD_DAYS

REHEARSAL = "rehearsal/"
LONGEST_SILENCE = timedelta(days=60)
"""After this long without an edition, or three periods if that is longer, somebody has to say that the next one is
meant: the clock may be wrong."""
_CLOCK_STEP = timedelta(days=1)
"""As far as a clock may be set back without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a run has to do before it hands anything over."""

    due: Slot | None = None
    """The slot to make an edition for."""
    missed: tuple[Slot, ...] = ()
    """To be recorded as missed, oldest first."""
    begin_after: datetime | None = None
    """To be recorded by the first real run: slots up to this instant have no edition."""
    silent_since: datetime | None = None
    """Set if the last edition is so long ago that the next one needs `--force`."""
    ahead: datetime | None = None
    """Set if the last edition's slot is yet to come: the clock is wrong, or was."""


def edition_key(slot: Slot, *, rehearsal: bool) -> str:
    return f"{REHEARSAL}{slot.key}" if rehearsal else slot.key


def is_silent(cadence: Cadence, last: datetime, at: datetime) -> bool:
    """Whether so much time lies between two editions that somebody has to say that the second is meant."""
    return at - last > max(LONGEST_SILENCE, 3 * timedelta(days=PERIOD_DAYS[cadence]))


def decide_rehearsal(latest: Slot, editions: Iterable[Edition]) -> Decision:
    """A rehearsal misses nothing and needs no beginning: the latest slot is rehearsed once."""
    key = edition_key(latest, rehearsal=True)
    recorded = next((edition for edition in editions if edition.key == key), None)
    return Decision(due=latest if _open(recorded) else None)


def decide(
    latest: Slot,
    editions: Iterable[Edition],
    *,
    begun_after: datetime | None,
    previous: Callable[[Slot], Slot],
    now: datetime,
    catch_up: timedelta | None,
    at_once: bool = False,
    force: bool = False,
) -> Decision:
    """Return what is due for real.

    `editions` are all real ones of the cadence; `begun_after` is what the first real run recorded. Without `catch_up`
    a slot may be used until the next. `at_once` lets the latest slot be the first.
    """
    recorded = {edition.key: edition for edition in editions}
    # What is only planned proves nothing about the slots that passed.
    last = max((edition.slot_at for edition in recorded.values() if not _is_to_come(edition, now)), default=None)
    if last is not None and last - now > _CLOCK_STEP:
        return Decision(ahead=last)
    beginning = _beginning(latest, begun_after, now=now, at_once=at_once)
    begin_after = beginning if beginning != begun_after else None
    if latest.at <= beginning:
        return Decision(begin_after=begin_after)
    if last is not None and latest.at < last:  # the clock was set back
        return Decision()
    if last is not None and is_silent(latest.cadence, last, latest.at) and not force:
        return Decision(silent_since=last)

    is_open = _open(recorded.get(latest.key))
    in_time = _is_in_time(recorded.get(latest.key), latest, catch_up, now) or at_once
    missed = [] if not is_open or in_time else [latest]
    slot = previous(latest)
    while slot.at > max(beginning, last or beginning) or _is_unmade(recorded.get(slot.key)):
        if _open(recorded.get(slot.key)) or _is_unmade(recorded.get(slot.key)):
            missed.append(slot)
        slot = previous(slot)
    return Decision(
        due=latest if is_open and in_time else None, missed=tuple(reversed(missed)), begin_after=begin_after
    )


def _beginning(latest: Slot, begun_after: datetime | None, *, now: datetime, at_once: bool) -> datetime:
    if at_once and (begun_after is None or latest.at <= begun_after):
        return latest.previous
    # A beginning that is yet to come was noted by a wrong clock.
    return now if begun_after is None else min(begun_after, now)


def _open(recorded: Edition | None) -> bool:
    return recorded is None or recorded.state in (EditionState.BLOCKED, EditionState.PLANNED)


def _is_unmade(recorded: Edition | None) -> bool:
    """Whether an edition could still have been made: when the next slot has come, it is missed."""
    return recorded is not None and (_open(recorded) or _is_held_unmade(recorded))


def _is_held_unmade(recorded: Edition) -> bool:
    return recorded.state is EditionState.HELD and not recorded.is_made


def _is_to_come(recorded: Edition, now: datetime) -> bool:
    if recorded.state is EditionState.PLANNED or _is_held_unmade(recorded):
        return True
    return recorded.state is EditionState.CANCELLED and not recorded.is_made and recorded.slot_at > now


def _is_in_time(recorded: Edition | None, slot: Slot, catch_up: timedelta | None, now: datetime) -> bool:
    """Whether the edition may still be made: the time in which somebody held it doesn't count."""
    if recorded is not None and recorded.expires_at:
        return now <= recorded.expires_at
    return catch_up is None or now <= slot.at + catch_up
