"""F2: one edition, killed at random instants until it is through; if asked for, with a server and an operator at odds.

All that is chosen follows from one seed; only the scheduler's part in it doesn't.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from faults.trial import Trial, addresses
from faults.warm_command import Run
from servers.smtp_sink import Options

MOST_RUNS = 40
_UNCLEAR = ("drop-after-dot", "garbage", "odd-250", "once-drop-after-dot", "once-drop-in-body")
"""A body that the kernel took whole may have arrived, whatever the server had read of it."""
_OTHERS = (
    "450x1", "450x2", "550-5.1.1", "550", "554-5.7.1", "data-451-4.3.0", "dot-451-4.3.0", "once-dot-451-4.3.0",
    "dot-554-5.7.1", "421-at-dot", "once-drop-at-rcpt", "once-drop-at-data", "once-421-at-rcpt", "once-421-at-data",
    "drop-at-quit", "refused-but-354",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a round is like."""

    readers: Sequence[str]
    connections: int
    options: Options
    is_signed: bool = False
    is_wild: bool

    @property
    def unclear(self) -> int:
        """How many copies the server alone makes unclear."""
        return sum(address.startswith(_UNCLEAR) for address in self.readers)


@dataclass(slots=True)
class Tally:
    """What happened in a round."""

    runs: int = 0
    kills: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    copies: int = 0


def plan(chance: random.Random, *, is_wild: bool) -> Plan:
    """`is_wild`: a random server, many connections, an operator, and every other edition signed."""
    if not is_wild:
        return Plan(readers=addresses(100), connections=2, options=Options(latency=0.003), is_wild=False)
    readers = [
        f"{chance.choice(_UNCLEAR + _OTHERS)}.{address}" if chance.random() < 0.15 else address
        for address in addresses(chance.randrange(5, 120))
    ]
    options = Options(
        latency=chance.choice([0, 0, 0.001, 0.004]),
        pipelining=chance.random() < 0.7,
        close_after=chance.choice([0, 0, 0, 7, 20]),
        drop_after=chance.choice([0, 0, 0, 11, 30]),
        most_connections=chance.choice([0, 0, 0, 1, 3]),
        size=chance.choice([0, 10_000_000]),
        no_parameters=chance.random() < 0.3,
    )
    return Plan(
        readers=readers,
        connections=chance.randrange(1, 17),
        options=options,
        is_signed=chance.random() < 0.5,
        is_wild=True,
    )


def play(trial: Trial, script: Plan, chance: random.Random, *, kills: int | None = None) -> Tally:
    """Play until nobody waits any more, or `kills` have struck; then settle everything, and check the invariants."""
    return _Round(trial, script, chance).play(kills)


class _Round:
    def __init__(self, trial: Trial, script: Plan, chance: random.Random) -> None:
        self._trial = trial
        self._script = script
        self._chance = chance
        self._tally = Tally()
        self._resent: Counter[str] = Counter()
        self._vouched: set[str] = set()
        self._gone: dict[str, int] = {}
        """Who left, and how many copies they may have: what was out when the command that noted it had ended."""

    def play(self, kills: int | None) -> Tally:
        while self._tally.runs < MOST_RUNS and self._goes_on() and (kills is None or self._tally.kills < kills):
            self._one_run()
        self._settle()
        self._judge()
        return self._tally

    def _goes_on(self) -> bool:
        return any(edition.state != "done" for edition in self._trial.books.editions()) or not self._tally.runs

    def _one_run(self) -> None:
        self._tally.runs += 1
        run = self._trial.begin_sending()
        for _ in range(self._chance.randrange(3) if self._script.is_wild else 0):
            run.poll(self._chance.uniform(0, 0.3))
            self._chance.choice(self._acts)()
        if run.poll(self._chance.uniform(0.02, 0.5)) is None:
            run.send(self._chance.choices([signal.SIGKILL, signal.SIGTERM], [9, self._script.is_wild])[0])
        self._tally.kills += self._end(run) == -9
        if self._script.is_wild and self._chance.random() < 0.3:
            self._trial.tick(minutes=self._chance.choice([1, 7, 30]))

    def _end(self, run: Run) -> int:
        code = run.wait()
        assert code in (-signal.SIGKILL, -signal.SIGTERM, 0, 1, 75), (code, run.out, run.err)
        assert "should not have" not in run.err, run.err
        return code

    @property
    def _acts(self) -> list[Callable[[], None]]:
        return [self._hold, self._release, self._leave, self._leave, self._erase, self._resolve, self._edit]

    def _ask(self, *arguments: str) -> int:
        """Let the operator do something; that it may be refused is a part of the game."""
        self._tally.acts[" ".join(arguments[:2])] += 1
        done = self._trial.run(*arguments)
        assert done.returncode in (0, 1, 2), (arguments, done.returncode, done.stderr)
        assert "should not have" not in done.stderr, done.stderr
        return done.returncode

    def _hold(self) -> None:
        self._ask("editions", "hold", self._trial.key)

    def _release(self) -> None:
        self._ask("editions", "release", self._trial.key)

    def _edit(self) -> None:
        self._trial.write_post("Tides", f"Now {self._chance.random()} in words.")

    def _leave(self) -> None:
        self._go("subscribers", "unsubscribe")

    def _erase(self) -> None:
        self._go("subscribers", "erase", "--yes")

    def _go(self, *how: str) -> None:
        address = self._chance.choice(self._script.readers)
        if self._ask(*how, address) == 0:
            states = self._trial.books.states()
            copies = self._trial.sink.counts()[address]
            in_flight = how[1] == "erase" or states.get(address) in ("submitting", "uncertain")
            self._gone.setdefault(address, max(copies, int(in_flight)))

    def _resolve(self) -> None:
        unclear = [row for row in self._trial.books.rows() if row.state == "uncertain" and row.address]
        if not unclear:
            return
        row = self._chance.choice(unclear)
        assert row.address
        how = self._chance.choice(["--accepted", "--resend", "--give-up"])
        if self._ask("deliveries", "resolve", str(row.id), how, "--yes") == 0:
            if how == "--resend":
                self._resent[row.address] += 1
            self._vouched.add(row.address)

    def _settle(self) -> None:
        """Let everything come to its end: what is held goes on, what waits falls due or expires."""
        for hours in (0, 0.5, 2, 12, 115):
            self._trial.tick(hours=hours)
            if any(edition.state == "held" for edition in self._trial.books.editions()):
                self._trial.run("editions", "release", self._trial.key, expect=0)
            self._trial.send_on(0, 1, 75)
            self._tally.runs += 1
            if not self._goes_on():
                return

    def _judge(self) -> None:
        trial, tally = self._trial, self._tally
        trial.assert_invariants(
            uncertain=trial.most_unclear * tally.kills + self._script.unclear,
            resent=self._resent,
            vouched=self._vouched,
        )
        copies = trial.sink.counts()
        late = {address: copies[address] for address, most in self._gone.items() if copies[address] > most}
        assert not late, f"F16: copies after they had left: {late}"
        trial.assert_silent()
        tally.states, tally.copies = trial.tally, copies.total()
