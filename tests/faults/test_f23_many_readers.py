"""F23: a hundred thousand readers are streamed: memory doesn't grow with them.

`make test` sends to a fifth of them; `make torture` to all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from servers.postfix_sink import postfix_sink
from servers.smtp_sink import SmtpSink

READERS = int(os.environ.get("BRIEFINGFEED_TEST_READERS", "20000"))
MOST_MEGABYTES = 150


def test_memory_stays_the_same(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> None:
    with postfix_sink() as (port, _):
        idle = SmtpSink(tmp_path / "idle", port=port)
        trial = Trial(tmp_path / "publication", command, idle, fresh_url(), addresses(READERS), connections=8)
        used = megabytes(trial.folder, "send-weekly", "--now")
    assert trial.tally == {"accepted": READERS}
    assert used < MOST_MEGABYTES


def megabytes(folder: Path, *arguments: str) -> float:
    """Run the command in a process of its own; return the most memory it had."""
    command = [sys.executable, "-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml"), *arguments]
    pid = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss / 1024
