"""F23: a hundred thousand readers are streamed: memory doesn't grow with them.

`make test` sends to a fifth of them; `make torture` to all.
"""

from __future__ import annotations

import os
import re
import subprocess
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
    """Run the command in a process of its own; return the most memory it had.

    It says so itself: what the kernel tells of an ended process includes the memory of the one that started it.
    """
    told = folder / "memory"
    config = str(folder / "briefingfeed.toml")
    subprocess.run([sys.executable, "-c", _TELLING, str(told), "--config", config, *arguments], check=True)
    (peak,) = re.findall(r"^VmHWM:\s*(\d+) kB$", told.read_text(), re.MULTILINE)
    return int(peak) / 1024


_TELLING = """
import atexit, runpy, sys
from pathlib import Path

told = Path(sys.argv.pop(1))
atexit.register(lambda: told.write_text(Path("/proc/self/status").read_text()))
runpy.run_module("briefingfeed", run_name="__main__", alter_sys=True)
"""
