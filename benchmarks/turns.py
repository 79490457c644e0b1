"""What a sender's turns come to, and tables of it that can be pasted into a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One sender's turn."""

    messages: int
    seconds: float
    """By the clock."""
    cpu: float
    """Seconds of processor time, user and system, of the sender alone."""
    peak_mib: float
    """0 for a sender within the benchmark's own process."""
    sink_cpu: float
    """Seconds of processor time that the sink took."""

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def micros(self) -> float:
        """Microseconds of processor time per message."""
        return self.cpu / self.messages * 1e6

    @property
    def sink_micros(self) -> float:
        return self.sink_cpu / self.messages * 1e6


Turns = dict[str, list[Turn]]
"""By sender. The senders took turns: the turns of one place in each list were neighbours in time."""


def middle(turns: Sequence[Turn], figure: Callable[[Turn], float]) -> float:
    return median(figure(turn) for turn in turns)


def ratio(mine: Sequence[Turn], theirs: Sequence[Turn], figure: Callable[[Turn], float]) -> float:
    """The median of the ratios of neighbours: what else the machine did met them alike."""
    return median(figure(one) / figure(other) for one, other in zip(mine, theirs, strict=True))


def medians(runs: int) -> str:
    return "one run" if runs == 1 else f"medians of {runs} runs"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column words, the others figures."""
    return "\n".join(map(table_line, (head, ["---", *["--:"] * (len(head) - 1)], *rows)))


def table_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
