"""Whose turn it is: one run at a time, and nobody waits without a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from briefingfeed.errors import LockedError
from briefingfeed.storage.lock import run_lock

_LOOK_AGAIN = 1.0
"""Seconds after which a waiting run looks whether its reason to wait still stands."""


@contextmanager
def turn(lock_file: Path, wait: timedelta, has_reason: Callable[[], bool]) -> Iterator[bool]:
    """Hold the run lock (`Database.lock_file`) for the time of the block; the value says whether it is held.

    While another run holds it, this one waits as long as `has_reason()`, but no longer than `wait`: then it raises
    LockedError. Without a reason it yields False at once.
    """
    with ExitStack() as stack:
        yield _get(stack, lock_file, wait, has_reason)


def _get(stack: ExitStack, lock_file: Path, wait: timedelta, has_reason: Callable[[], bool]) -> bool:
    looks = round(wait.total_seconds() / _LOOK_AGAIN)
    for look in range(looks + 1):
        try:
            stack.enter_context(run_lock(lock_file, _LOOK_AGAIN if look else 0.0))
        except LockedError:
            if not has_reason():
                return False
            if look == looks:
                raise
        else:
            return True
    return False
