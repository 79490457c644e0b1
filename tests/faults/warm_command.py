"""The command `briefingfeed` without the half second that Python takes to import it.

A process that has imported everything, and made a mail, forks for each command. The child does what the command does,
with its own arguments, environment and folder, and may be stopped and killed like any other process.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self


@dataclass(slots=True)
class Run:
    """One command at work, or done."""

    command: WarmCommand
    pid: int
    folder: Path
    """Where its output goes."""
    code: int | None = None
    """Its exit code, or the signal that killed it, negative; None while it works."""

    def wait(self, seconds: float = 240.0) -> int:
        assert self.poll(seconds) is not None, f"it did not end: {self.err}"
        assert self.code is not None
        return self.code

    def poll(self, seconds: float = 0.0) -> int | None:
        if self.code is None:
            self.code = self.command.ask(wait=self.pid, seconds=seconds)["code"]
        return self.code

    def send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # it stays a zombie until asked, so the number is still its own
            os.kill(self.pid, number)

    def insist(self, seconds: float = 120.0) -> None:
        """Ask it to stop, and once more: with another signal, sent when it has taken the first. Of two that wait
        together one of the same kind would be lost, and of different kinds either may come first."""
        self.send(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while _waits(self.pid, signal.SIGTERM):
            assert time.monotonic() < deadline, "it never took the signal"
        self.send(signal.SIGINT)

    def kill(self) -> int:
        self.send(signal.SIGKILL)
        return self.wait()

    def wait_until_stopped(self, seconds: float = 120.0) -> None:
        """Wait for a failpoint that stops it (`name:n:stop`)."""
        deadline = time.monotonic() + seconds
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert self.poll() is None, f"it ended with {self.code}: {self.err}"
            assert time.monotonic() < deadline, "it never came to that place"
            time.sleep(0.005)

    @property
    def out(self) -> str:
        return (self.folder / f"{self.pid}.out").read_text("utf-8")

    @property
    def err(self) -> str:
        return (self.folder / f"{self.pid}.err").read_text("utf-8")


def _waits(pid: int, number: signal.Signals) -> bool:
    """Whether a signal was sent to a process and not taken by it (proc(5): SigPnd, ShdPnd)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return any(int(status[pending], 16) >> (number - 1) & 1 for pending in ("SigPnd", "ShdPnd"))


class WarmCommand:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def start(
        self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, gate: Path | None = None
    ) -> Run:
        """Start it in `folder`. `gate`: a file; it waits until nobody holds a lock on it."""
        output = folder / "output"
        output.mkdir(exist_ok=True)
        answer = self.ask(
            start=arguments,
            folder=str(folder),
            output=str(output),
            environment=dict(environment or {}),
            gate=str(gate) if gate else None,
        )
        return Run(self, answer["pid"], output)

    def ask(self, **question: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _serve() -> None:
    _import_all()
    _make_a_mail()
    gc.collect()
    gc.freeze()  # or each child would copy, page by page, what it looks at for garbage
    children = set()
    for line in sys.stdin:
        question = json.loads(line)
        if "start" in question:
            answer = {"pid": _fork(question)}
            children.add(answer["pid"])
        else:
            answer = {"code": _wait(question["wait"], question["seconds"])}
            if answer["code"] is not None:
                children.discard(question["wait"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in children:  # of tests that failed
        os.kill(pid, signal.SIGKILL)


def _import_all() -> None:
    import psycopg  # noqa: F401  # which SQLAlchemy imports with the first address of a database on PostgreSQL

    import briefingfeed

    for module in pkgutil.walk_packages(briefingfeed.__path__, "briefingfeed."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            with suppress(Exception):  # a command that needs it will say so itself
                importlib.import_module(module.name)


def _make_a_mail() -> None:
    """What premailer reads in a style sheet is kept in memory: a fifth of what a short run would have to do."""
    from briefingfeed.cli.root import briefingfeed

    with TemporaryDirectory() as name, redirect_stdout(StringIO()), redirect_stderr(StringIO()), suppress(Exception):
        file = Path(name) / "briefingfeed.toml"
        file.touch()
        post = file.parent / "posts" / f"{datetime.now(UTC).date()}-tides.md"
        post.parent.mkdir()
        post.write_text("---\ntitle: Tides\n---\n\nThe text.\n", "utf-8")
        arguments = ["--config", str(file), "send-weekly", "--test-to", "nobody@example.org"]
        briefingfeed.main(arguments, standalone_mode=False)


def _fork(question: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = _become(question)
    finally:
        os._exit(code)


def _become(question: dict[str, Any]) -> int:
    from briefingfeed.cli import main

    output = f"{question['output']}/{os.getpid()}"
    for descriptor, file in enumerate(("/dev/null", f"{output}.out", f"{output}.err")):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(file, flags, 0o600), descriptor)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    os.chdir(question["folder"])
    for name in [name for name in os.environ if name.startswith("BRIEFINGFEED_")]:
        del os.environ[name]
    os.environ.update(question["environment"])
    sys.argv = ["briefingfeed", *question["start"]]
    if question["gate"]:
        with Path(question["gate"]).open() as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        return end.code if isinstance(end.code, int) else 0
    return 70


def _wait(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.002)


if __name__ == "__main__":
    _serve()
