"""`make torture`: F2 a thousand times over, with random servers, connections and operators, on both databases.

    make torture ROUNDS=200 SEED=42      again, what went wrong:  make torture SEED=42 ONLY=137

Each round is an edition of its own, whose course follows from seed and number. A round that fails keeps its folder.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock, local

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.rounds import Plan, Tally, plan, play
from faults.trial import Trial
from faults.warm_command import WarmCommand
from servers.postgres import PostgresServer, running_postgres
from servers.smtp_sink import SmtpSink

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    number: int
    database: str
    script: Plan
    tally: Tally | None
    """None: it failed."""
    story: str = ""


class Arena:
    """Plays rounds, several at a time."""

    def __init__(self, seed: str, folder: Path, stack: ExitStack, databases: Sequence[str]) -> None:
        self._seed = seed
        self._folder = folder
        self._stack = stack
        self._databases = databases
        self._lock = Lock()
        self._mine = local()
        self._postgres: PostgresServer | None = None
        if "postgresql" in databases:
            self._postgres = stack.enter_context(running_postgres())

    def play(self, number: int) -> Result:
        chance = random.Random(f"{self._seed}/{number}")
        database = self._databases[number % len(self._databases)]
        script = plan(chance, is_wild=True)
        folder = Path(mkdtemp(prefix=f"round{number}-", dir=self._folder))
        try:
            with SmtpSink(folder / "sink", script.options) as sink:
                trial = Trial(
                    folder / "publication",
                    self._command(),
                    sink,
                    self._fresh_url(database, folder),
                    script.readers,
                    connections=script.connections,
                    is_signed=script.is_signed,
                )
                tally = play(trial, script, chance, kills=chance.randrange(1, 8))
        except Exception:
            how = f"{script.connections} connections{', signed' if script.is_signed else ''}"
            story = f"round {number} on {database}, {how}: {folder}\n{traceback.format_exc()}"
            return Result(number=number, database=database, script=script, tally=None, story=story)
        remove(folder)
        return Result(number=number, database=database, script=script, tally=tally)

    def _command(self) -> WarmCommand:
        if not hasattr(self._mine, "command"):
            with self._lock:
                self._mine.command = self._stack.enter_context(WarmCommand())
        command: WarmCommand = self._mine.command
        return command

    def _fresh_url(self, database: str, folder: Path) -> str:
        if self._postgres is None or database == "sqlite":
            return f"sqlite:///{folder / 'publication' / 'var' / 'briefingfeed.db'}"
        with self._lock:
            return self._postgres.fresh_url()


def remove(folder: Path) -> None:
    with TemporaryDirectory(dir=folder.parent) as within:
        folder.rename(Path(within) / "round")


@contextmanager
def arena(seed: str, databases: Sequence[str]) -> Iterator[Arena]:
    folder = Path(mkdtemp(prefix="torture-"))
    with ExitStack() as stack:
        yield Arena(seed, folder, stack, databases)
    if not list(folder.iterdir()):
        folder.rmdir()


def torture(play_round: Callable[[int], Result], numbers: Sequence[int], *, jobs: int, minutes: float) -> list[Result]:
    """Play these rounds, with a line that says how far it is; none is begun after so many minutes."""
    results: list[Result] = []
    began = time.monotonic()

    def play_in_time(number: int) -> Result | None:
        return play_round(number) if time.monotonic() - began < minutes * 60 else None

    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(play_in_time, number) for number in numbers]):
            if (result := future.result()) is not None:
                results.append(result)
                _tell(results, len(numbers), time.monotonic() - began)
    return results


def _tell(results: Sequence[Result], of: int, seconds: float) -> None:
    if results[-1].story:
        print(f"\n{results[-1].story}", file=sys.stderr)
    failed = sum(each.tally is None for each in results)
    kills = sum(each.tally.kills for each in results if each.tally)
    line = f"{len(results)} of {of} rounds, {kills} kills, {failed} failed, {seconds:.0f} s"
    if sys.stderr.isatty():
        print(f"\r{line}", end="\n" * (len(results) == of), file=sys.stderr, flush=True)
    elif len(results) % 20 == 0 or len(results) == of:
        print(line, file=sys.stderr)


def table(results: Sequence[Result]) -> str:
    """Return what happened, a column for each database."""
    databases = sorted({result.database for result in results})
    columns = [_column([result for result in results if result.database == name]) for name in databases]
    names = list(dict.fromkeys(name for column in columns for name in column))
    head = f"{'':<28}" + "".join(f"{name:>12}" for name in databases)
    return "\n".join([head, *(f"{name:<28}" + "".join(f"{column[name]:>12}" for column in columns) for name in names)])


def _column(results: Sequence[Result]) -> Counter[str]:
    tallies = [result.tally for result in results if result.tally]
    column: Counter[str] = Counter()
    column["rounds"], column["failed"] = len(results), len(results) - len(tallies)
    column["signed"] = sum(result.script.is_signed for result in results)
    for tally in tallies:
        column["runs"] += tally.runs
        column["killed"] += tally.kills
        column["operator's acts"] += tally.acts.total()
        column["copies"] += tally.copies
        column["readers"] += tally.states.total()
        column.update({f"  {state}": count for state, count in sorted(tally.states.items())})
    return column


def main() -> None:
    parser = argparse.ArgumentParser(description="Play editions that are killed at random instants.")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", default=str(random.randrange(2**32)))
    parser.add_argument("--only", type=int, help="the number of one round")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=600, help="begin no round after that")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    given = parser.parse_args()
    numbers = [given.only] if given.only is not None else range(given.rounds)
    print(f"seed {given.seed}", file=sys.stderr)
    with arena(given.seed, given.databases) as ring:
        results = torture(ring.play, numbers, jobs=given.jobs, minutes=given.minutes)
    print(f"seed {given.seed}\n{table(results)}")
    sys.exit(any(result.tally is None for result in results))


if __name__ == "__main__":
    main()
