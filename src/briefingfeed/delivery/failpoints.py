"""Named places where a test may kill the process: `before-arm:3` dies when that place is reached the third time.

SIGKILL, so that nothing gets to clean up, as when the power fails or the kernel runs out of memory.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

from briefingfeed.errors import ConfigurationError

AFTER_FREEZE: Final = "after-freeze"
AFTER_CLAIM: Final = "after-claim"
BEFORE_ARM: Final = "before-arm"
AFTER_ARM: Final = "after-arm"
AFTER_SUBMIT: Final = "after-submit"
"""The provider knows the answer; nothing of it is written down yet."""
BEFORE_RECORD: Final = "before-record"
AFTER_RECORD: Final = "after-record"
BEFORE_DONE: Final = "before-done"
NAMES: Final = (
    AFTER_FREEZE,
    AFTER_CLAIM,
    BEFORE_ARM,
    AFTER_ARM,
    AFTER_SUBMIT,
    BEFORE_RECORD,
    AFTER_RECORD,
    BEFORE_DONE,
)

Failpoint = Callable[[str], None]


def ignore(_name: str) -> None:
    """The failpoint of every run that isn't a test's."""


def failpoints(spec: str | None) -> Failpoint:
    """Return what to call with a place's name. `spec` is `name` or `name:n`; None never dies.

    Raises ConfigurationError for an unknown name, so that a test can't pass because of a spelling mistake.
    """
    if not spec:
        return ignore
    name, _, count = spec.partition(":")
    if name not in NAMES or not (count or "1").isdigit():
        raise ConfigurationError(
            f"BRIEFINGFEED_FAILPOINT={spec} names no place where this program can be killed.",
            remedy=f"It is for tests; unset it, or use one of: {', '.join(NAMES)}.",
        )
    left = int(count or "1")

    def reached(place: str) -> None:
        nonlocal left
        if place == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached
