"""Named places where a test may kill the process: `before-arm:3` dies when that place is reached the third time.

SIGKILL, so that nothing gets to clean up, as when the power fails or the kernel runs out of memory. With `:stop` after
the number it is SIGSTOP: the test does something to the world meanwhile, and lets the process go on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

from briefingfeed.errors import ConfigurationError

BEFORE_FREEZE: Final = "before-freeze"
AFTER_FREEZE: Final = "after-freeze"
BEFORE_CLAIM: Final = "before-claim"
AFTER_CLAIM: Final = "after-claim"
BEFORE_ARM: Final = "before-arm"
AFTER_ARM: Final = "after-arm"
BEFORE_DOT: Final = "before-dot"
AFTER_DOT: Final = "after-dot"
"""The message and its end are written; nobody knows the answer."""
AFTER_REPLY: Final = "after-reply"
"""The provider knows the answer; nothing of it is written down yet."""
BEFORE_RECORD: Final = "before-record"
AFTER_RECORD: Final = "after-record"
BEFORE_DONE: Final = "before-done"
BEFORE_RELEASE: Final = "before-release"
AFTER_RELEASE: Final = "after-release"
NAMES: Final = (
    BEFORE_FREEZE,
    AFTER_FREEZE,
    BEFORE_CLAIM,
    AFTER_CLAIM,
    BEFORE_ARM,
    AFTER_ARM,
    BEFORE_DOT,
    AFTER_DOT,
    AFTER_REPLY,
    BEFORE_RECORD,
    AFTER_RECORD,
    BEFORE_DONE,
    BEFORE_RELEASE,
    AFTER_RELEASE,
)
"""In the order of a run. `before` a transaction of these names means: all of it is written, and not committed."""
OF_KEYED_REQUESTS: Final = ("before-keep", "after-keep", "before-repeat", "after-repeat", "before-adopt", "after-adopt")
"""Passed only on the way to a service that knows idempotency keys: around the word that a request may be posted, or
posted again, and that another run's is this run's now."""

_DEFAULTS: Final = ("1", "kill")
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

Failpoint = Callable[[str], None]


def ignore(_name: str) -> None:
    """The failpoint of every run that isn't a test's."""


def failpoints(spec: str | None) -> Failpoint:
    """Return what to call with a place's name. `spec` is `name`, `name:n` or `name:n:stop`; None never dies.

    Raises ConfigurationError for an unknown name, so that a test can't pass because of a spelling mistake.
    """
    if not spec:
        return ignore
    name, count, how, *more = [*spec.split(":"), *_DEFAULTS[spec.count(":") :]]
    if name not in (*NAMES, *OF_KEYED_REQUESTS) or not count.isdecimal() or how not in _SIGNALS or more:
        raise ConfigurationError(
            f"BRIEFINGFEED_FAILPOINT={spec} names no place where this program can be killed.",
            remedy=f"It is for tests; unset it, or use one of: {', '.join((*NAMES, *OF_KEYED_REQUESTS))}.",
        )
    left = int(count)

    def reached(place: str) -> None:
        nonlocal left
        if place == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), _SIGNALS[how])

    return reached
