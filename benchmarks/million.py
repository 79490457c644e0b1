"""Whether an edition for a million readers costs what it should: its freeze, its memory, each message, and to go on.

    python benchmarks/million.py [--recipients 10000 100000 1000000] [--part 50000] [--whole] [--runs 1]

All are whole processes of `briefingfeed`, with a full ledger in SQLite. An edition of ten readers tells what it costs
to start; it is taken off where a line says "start-up apart".

1. The readers are imported, 250,000 from a file.
2. `send-weekly` freezes the edition, and is killed as soon as that is committed.
3. The next run goes on, and is killed (-9) once it has handed over `--part` mails; the next but one goes on in the
   middle and is asked to end, and the last sends the rest. In between, the rows are written down as accepted, as if
   they had been sent. With `--whole` they are: one run sends everything, and none is killed.
4. One more run, which has nothing to do. cron starts one every quarter of an hour.

The processor time per message is that of each part but its first fifth. Memory is the resident set: the most it ever
was, and what it was when a tenth, half and all of the edition was handed over. `first mail` and what follows it is what
a run takes longer until its first mail than one of an edition of ten.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from statistics import median

from generate import write_posts
from measure import Measured, run
from ours import BRIEFINGFEED, DIGESTS, SETTINGS, WHEN
from sinks import SINKS

FEW = 10
PER_FILE = 250_000
CONNECTIONS = 16
KILOBYTES = 40
FROZEN = {"BRIEFINGFEED_FAILPOINT": "after-freeze"}
SAMPLED = 0.02
"""Seconds between two looks at a process."""
TICKS = os.sysconf("SC_CLK_TCK")
FIRST_MAILS = ("first mail", "after kill -9", "after a stop")
"""What comes before the first mail of each part."""
KEY = "weekly/2026-W47"
GOALS = "Goals: freeze 5 s; a run goes on within 1 s; at most 150 MB, flat; the cost per message constant within 20 %."


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process was like at a moment of its life."""

    seconds: float
    cpu: float
    mib: float
    peak_mib: float
    done: int
    """Rows that are accepted, from the first on."""


@dataclass(slots=True)
class Life:
    """A process from its start to its end."""

    seconds: float
    cpu: float
    samples: list[Sample] = field(default_factory=list)

    @property
    def peak_mib(self) -> float:
        return max((each.peak_mib for each in self.samples), default=0)

    def first_mail(self) -> Sample:
        """What it was like when it had written down that its first mail was taken."""
        before = self.samples[0].done
        return next((each for each in self.samples if each.done > before), self.samples[-1])

    def per_message(self) -> float:
        """Microseconds of the processor, once a fifth of what it handed over was on its way."""
        first, last = self.samples[0].done, self.samples[-1].done
        warm = next(each for each in self.samples if each.done >= first + (last - first) / 5)
        end = next(each for each in self.samples if each.done == last)
        return (end.cpu - warm.cpu) / max(end.done - warm.done, 1) * 1e6


@dataclass(frozen=True, slots=True)
class Edition:
    """What became of one edition."""

    recipients: int
    imported: Measured
    freeze: Life
    parts: Sequence[Life]
    idle: Life

    @property
    def peak_mib(self) -> float:
        return max(life.peak_mib for life in (self.freeze, *self.parts, self.idle))

    def mib_at(self, share: float) -> float:
        """The resident set when that share was handed over."""
        samples = [each for life in self.parts for each in life.samples if each.done > life.samples[0].done]
        return next(each for each in samples if each.done >= share * samples[-1].done).mib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--part", type=int, default=50_000)
    parser.add_argument("--whole", action="store_true", help="send every mail of every edition")
    parser.add_argument("--sink", choices=SINKS, default="quick")
    parser.add_argument("--runs", type=int, default=1)
    chosen = parser.parse_args()
    editions: dict[int, list[Edition]] = {}
    for _ in range(chosen.runs):
        for recipients in (FEW, *chosen.recipients):
            with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name:
                part = recipients if chosen.whole else min(chosen.part, recipients)
                made = Publication(Path(name), recipients, part).edition(chosen.sink)
            editions.setdefault(recipients, []).append(made)
    for recipients in editions:
        print_lines(editions, recipients)
    print_costs(editions)
    print(GOALS)


class Publication:
    """A publication with so many readers, of which each run hands over a part."""

    def __init__(self, folder: Path, recipients: int, part: int) -> None:
        self._folder = folder
        self._recipients = recipients
        self._part = part
        self._database = folder / "var" / "briefingfeed.db"

    def edition(self, sink: str) -> Edition:
        """Import the readers, and bring one edition to its end."""
        posts, sections = DIGESTS[KILOBYTES]
        write_posts(posts, self._folder / "posts", sections=sections)
        self._settle(25)
        imported = self._import()
        frozen = self._live(lambda _done: None, FROZEN)
        with SINKS[sink]() as opened:
            self._settle(opened.port)
            parts = list(self._parts())
        return Edition(self._recipients, imported, frozen, parts, self._live(lambda _done: None))

    def _parts(self) -> Sequence[Life]:
        if self._recipients <= 2 * self._part:
            return [self._live(lambda _done: None)]
        first, middle = self._part, self._recipients // 2
        lives = [self._live(lambda done: signal.SIGKILL if done >= first else None)]
        self._pass_over(middle)
        lives.append(self._live(lambda done: signal.SIGTERM if done >= middle + self._part else None))
        self._pass_over(self._recipients - self._part)
        return [*lives, self._live(lambda _done: None)]

    def _import(self) -> Measured:
        numbers = list(range(self._recipients))
        random.Random(1).shuffle(numbers)
        took = []
        for start in range(0, self._recipients, PER_FILE):
            addresses = self._folder / "addresses.csv"
            with addresses.open("w", encoding="utf-8") as file:
                file.write("email\n")
                file.writelines(
                    f"reader-{number}@readers.example.net\n" for number in numbers[start : start + PER_FILE]
                )
            command = [str(BRIEFINGFEED), "subscribers", "import", str(addresses), "--source", "benchmark", "--yes"]
            took.append(run(command, folder=self._folder))
        return Measured(
            sum(each.seconds for each in took), sum(each.cpu for each in took), max(each.peak_mib for each in took)
        )

    def _settle(self, port: int) -> None:
        text = SETTINGS.format(port=port, connections=CONNECTIONS)
        (self._folder / "briefingfeed.toml").write_text(text, encoding="utf-8")

    def _live(self, end: Callable[[int], signal.Signals | None], environment: Mapping[str, str] | None = None) -> Life:
        """Run `send-weekly` and watch it; `end` says by which signal it ends once so many rows are accepted."""
        command = [str(BRIEFINGFEED), "-q", "send-weekly", "--now", "--as-of", WHEN, "--yes"]
        samples: list[Sample] = []
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30)) as database:
            process = subprocess.Popen(
                command, cwd=self._folder, env={**os.environ, **(environment or {})}, stderr=subprocess.DEVNULL
            )
            began = time.perf_counter()
            while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                sample = _look(process.pid, time.perf_counter() - began, _accepted(database))
                if sample is not None:
                    samples.append(sample)
                    if (ending := end(sample.done)) is not None:
                        process.send_signal(ending)
                        end = _never
                time.sleep(SAMPLED)
            seconds = time.perf_counter() - began
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # 1: rows of a killed run await a decision.
        if process.returncode not in (0, 1, -signal.SIGKILL):
            raise RuntimeError(f"send-weekly ended with {process.returncode}")
        return Life(seconds, usage.ru_utime + usage.ru_stime, samples)

    def _pass_over(self, until: int) -> None:
        """Write down that rows up to there were accepted, as the runs do."""
        with closing(sqlite3.connect(self._database)) as database, database:
            waits = "state IN ('pending', 'claimed', 'submitting')"
            accepted = "state = 'accepted', attempts = 1, claim_id = NULL, claimed_at = NULL, code = 250"
            database.execute(f"UPDATE delivery SET {accepted} WHERE id <= ? AND {waits}", (until,))  # noqa: S608


def _never(_done: int) -> None:
    return None


def _accepted(database: sqlite3.Connection) -> int:
    """The last row that was accepted; rows are handed over in their order."""
    query = (
        "SELECT id FROM delivery WHERE edition_key = ? AND state = 'accepted' ORDER BY next_attempt_at DESC, id DESC"
    )
    return next((row for (row,) in database.execute(f"{query} LIMIT 1", (KEY,))), 0)


def _look(pid: int, seconds: float, done: int) -> Sample | None:
    """None: it is just ending."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        times = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return None
    kib = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in status.splitlines())
        if name in ("VmRSS", "VmHWM")
    }
    if not kib:
        return None
    cpu = (int(times[11]) + int(times[12])) / TICKS
    return Sample(seconds, cpu, kib["VmRSS"] / 1024, kib["VmHWM"] / 1024, done)


def print_lines(editions: Mapping[int, Sequence[Edition]], recipients: int) -> None:
    found, few = editions[recipients], editions[FEW]
    is_base = recipients == FEW

    def middle(figure: Callable[[Edition], float]) -> float:
        return median(map(figure, found)) - (0 if is_base else median(map(figure, few)))

    print(f"\n{recipients:,} readers" + ("" if is_base else "; start-up apart, but for the import"))
    took = [each.imported for each in found]
    cpu, peak = median(each.cpu for each in took), median(each.peak_mib for each in took)
    print(f"  import        {median(each.seconds for each in took):8.2f} s {cpu:8.2f} s of CPU, {peak:.0f} MiB at most")
    for name, life in (("freeze", "freeze"), ("nothing to do", "idle")):
        seconds, cpu = middle(attrgetter(f"{life}.seconds")), middle(attrgetter(f"{life}.cpu"))
        print(f"  {name:<13} {seconds:8.2f} s {cpu:8.2f} s of CPU")
    for place, name in enumerate(FIRST_MAILS[: len(found[0].parts)]):
        lives, base = [each.parts[place] for each in found], [] if is_base else [each.parts[0] for each in few]
        seconds, cpu = (
            _until_first_mail(lives, figure) - _until_first_mail(base, figure) for figure in ("seconds", "cpu")
        )
        print(f"  {name:<13} {seconds:8.2f} s {cpu:8.2f} s of CPU")
    most, alone = median(each.peak_mib for each in found), median(each.freeze.peak_mib for each in found)
    at = ", ".join(f"{median(each.mib_at(share) for each in found):.0f}" for share in (0.1, 0.5, 1))
    print(f"  memory        {most:8.0f} MiB at most, freeze {alone:.0f}; at 10, 50 and 100 % {at}", flush=True)


def _until_first_mail(lives: Sequence[Life], figure: str) -> float:
    return median(getattr(life.first_mail(), figure) for life in lives) if lives else 0.0


def print_costs(editions: Mapping[int, Sequence[Edition]]) -> None:
    """Editions take turns, so that what else the machine does meets them alike; a ratio is the median of the turns."""
    print("\nµs of CPU per message, start-up apart, and how much of the smallest edition's that is")
    base: list[float] = []
    for recipients, found in editions.items():
        if recipients == FEW:
            continue
        names = ("first", "middle", "last") if len(found[0].parts) > 1 else ("all",)
        for place, name in enumerate(names):
            costs = [each.parts[place].per_message() for each in found]
            base = base or costs
            ratio = median(cost / first for cost, first in zip(costs, base, strict=True))
            print(f"  {recipients:>9,} readers, {name:<6} {median(costs):8.1f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
