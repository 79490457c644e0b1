"""Whole processes, timed: what the benchmarks share."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    """Wall clock, from start to end of the process."""
    cpu: float
    """Seconds of processor time, user and system."""
    peak_mib: float

    def __add__(self, later: Measured) -> Measured:
        """Both steps of one process."""
        return Measured(self.seconds + later.seconds, self.cpu + later.cpu, max(self.peak_mib, later.peak_mib))


def run(command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end; raise RuntimeError with its words if it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        # As installed: with its bytecode beside it, whatever is asked of tests here.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        words = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{words}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def middle(runs: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    return Measured(
        median(run.seconds for run in runs), median(run.cpu for run in runs), median(run.peak_mib for run in runs)
    )
