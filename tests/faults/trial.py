"""One publication on trial: the real command, a real mail server, a clock that the test sets."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import signatures
from acceptance.newsroom import Newsroom
from briefingfeed.dkim.keys import pem_text
from faults.books import Books
from faults.invariants import Server, assert_invariants, assert_signed
from faults.warm_command import Run, WarmCommand

_KEY_FILE = "dkim.key"
_SIGNING = f'dkim_selector = "{signatures.SELECTOR}"\ndkim_key_file = "{_KEY_FILE}"'
TEXT = "The tide — at “Żółta” — is **high**.\n\n.A line that begins with a dot.\n\nFrom here on."


def addresses(count: int) -> list[str]:
    return [f"reader{number:05}@example.org" for number in range(count)]


class MailServer(Server, Protocol):
    """What `Trial` asks of it besides."""

    port: int

    def commands(self) -> list[str]:
        """All that was said to it."""


class Trial(Newsroom):
    """`run` and what builds on it start the warm command. One edition is due, `key`; the next in a week."""

    def __init__(
        self,
        folder: Path,
        command: WarmCommand,
        sink: MailServer,
        database_url: str,
        readers: Iterable[str],
        *,
        connections: int = 1,
        is_signed: bool = False,
        dot_timeout: int = 60,
        more: str = "",
        provider: str = "smtp",
        tables: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`more` stands in `[smtp]`, `tables` after it."""
        self.command = command
        self.sink = sink
        self.books = Books(database_url)
        self._ahead = timedelta(0)
        self._environment = dict(environment or {})
        slot = self.now - timedelta(hours=1)
        self.key = f"weekly/{slot:%G-W%V}"
        self.connections = connections
        self._is_signed = is_signed
        signing = _SIGNING if is_signed else ""
        settings = f"connections = {connections}\ndot_timeout = {dot_timeout}\n{signing}\n{more}\n{tables}"
        super().__init__(folder, port=sink.port, provider=provider, more=settings, url=database_url)
        if is_signed:
            _write_key(folder / _KEY_FILE)
        file = folder / "briefingfeed.toml"
        weekly = f'[newsletter]\nweekly = "{slot:%a %H:%M}"'
        file.write_text(file.read_text("utf-8").replace("[newsletter]", weekly), "utf-8")
        self.write_post("Tides", TEXT)
        self.subscribe(readers)

    @property
    def most_unclear(self) -> int:
        """As many copies may be unclear after a kill: of each connection the one on the wire and the next."""
        return 2 * self.connections

    @property
    def now(self) -> datetime:
        """The real time, and the ticks so far: commands without `--as-of` must not be ahead of those with it."""
        return datetime.now(UTC) + self._ahead

    def write_post(self, title: str, text: str = "") -> Path:
        day = self.now - timedelta(days=1)
        file = self.folder / "posts" / f"{day:%Y-%m-%d}-{title.lower()}.md"
        file.write_text(f"---\ntitle: {title}\ndate: {day:%Y-%m-%d}\n---\n\n{text or title}\n", "utf-8")
        return file

    def begin(self, *arguments: str, environment: Mapping[str, str] | None = None, gate: Path | None = None) -> Run:
        """Start a command and leave it at work."""
        chosen = self._environment | dict(environment or {})
        return self.command.start(self.folder, *arguments, environment=chosen, gate=gate)

    def begin_sending(self, *, failpoint: str = "", gate: Path | None = None) -> Run:
        environment = {"BRIEFINGFEED_FAILPOINT": failpoint} if failpoint else None
        return self.begin(*self._sending, environment=environment, gate=gate)

    @property
    def _sending(self) -> tuple[str, ...]:
        return ("send-weekly", "--now", "--json", "--as-of", f"{self.now.isoformat()}")

    def run(
        self,
        *arguments: str,
        expect: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        run = self.begin(*arguments, environment=environment)
        done = subprocess.CompletedProcess(arguments, run.wait(600), run.out, run.err)
        if expect is not None:
            assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return done

    def dies_at(self, failpoint: str) -> bool:
        """Send with this failpoint; return whether it was reached."""
        run = self.begin_sending(failpoint=failpoint)
        code = run.wait()
        assert code in (-9, 0, 1), (code, run.err)
        return code == -9

    @contextmanager
    def stopped_at(self, failpoint: str) -> Iterator[Run]:
        """Send, and stop there for the time of the block; then go on."""
        run = self.begin_sending(failpoint=f"{failpoint}:stop")
        try:
            run.wait_until_stopped()
            yield run
        finally:
            run.send(signal.SIGCONT)

    def send_on(self, *codes: int, seconds: float = 240.0) -> Run:
        """Send what is due, and end the run's waiting for what falls due later. It ends with one of `codes`, or
        with -SIGTERM, if it had nothing to do and the signal came before it listened."""
        run = self.begin_sending()
        self.end_waiting(run, seconds=seconds)
        assert run.wait() in (*(codes or (0, 1)), -signal.SIGTERM), (run.code, run.out, run.err)
        return run

    def end_waiting(self, run: Run, *, seconds: float = 240.0) -> None:
        """Stop `run` in good order once it only waits."""
        deadline = time.monotonic() + seconds
        while run.poll(0.03) is None:
            assert time.monotonic() < deadline, f"it goes on and on: {self.tally}, due {self.books.next_due()}"
            if self._only_waits():
                run.send(signal.SIGTERM)
                run.wait()

    def _only_waits(self) -> bool:
        tally = self.books.tally()
        if not tally["deferred"] or any(tally[state] for state in ("pending", "claimed", "submitting")):
            return False
        due = self.books.next_due()
        return due is not None and due > self.now + timedelta(seconds=1)

    def tick(self, **by: float) -> None:
        """Move the clock of the next runs; an hour has gone since the slot when it begins."""
        self._ahead += timedelta(**by)

    def assert_invariants(self, **allowed: Any) -> None:
        assert_invariants(self.books, self.sink, **allowed)
        if self._is_signed:
            assert_signed(self.sink)

    def assert_silent(self) -> None:
        """I6: another run sends nothing, and doesn't even begin to."""
        before = self.sink.commands()
        run = self.begin_sending()
        assert run.wait() in (0, 1), run.err
        assert self.sink.commands() == before, "I6: another run spoke to the server"

    @property
    def states(self) -> Mapping[str, str]:
        return self.books.states()

    @property
    def tally(self) -> Counter[str]:
        return self.books.tally()


def _write_key(file: Path) -> None:
    file.touch(0o600)
    file.write_text(pem_text(signatures.key()), "ascii")


def wait_until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
