"""Whole processes, timed: what the benchmarks share."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
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
    measured, code, words = _run(command, folder, environment)
    if code != 0:
        raise RuntimeError(f"{command[0]} ended with {code}:\n{words}")
    return measured


def run_for(seconds: float, command: Sequence[str | Path], *, folder: Path) -> Measured:
    """Run a command, kill it after so many seconds, and take any end for good that leaves something to be settled."""
    measured, code, words = _run(command, folder, None, seconds)
    if code not in (0, 1, -signal.SIGKILL):
        raise RuntimeError(f"{command[0]} ended with {code}:\n{words}")
    return measured


def _run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None,
    most: float | None = None,
) -> tuple[Measured, int, str]:
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
        killer = threading.Timer(most, process.kill) if most is not None else None
        if killer is not None:
            killer.start()
        words = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if killer is not None:
            killer.cancel()
    seconds = time.perf_counter() - started
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), process.returncode, words


def middle(runs: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    return Measured(
        median(run.seconds for run in runs), median(run.cpu for run in runs), median(run.peak_mib for run in runs)
    )
