"""A small mail service in a process of its own: it speaks one of `api_dialects`, keeps what it took in a file before it
answers, and misbehaves.

    with ApiServer("brevo", folder, Plan(answer="drop", times=1)) as server:
        ...  # POST to server.url

By recipient's local part: `invalid` (that one is refused, where the service sorts; elsewhere the whole request, like
`poison` everywhere). By `Plan.answer`: a status, or `drop` (takes it, closes), `drop-unread`, `silent` (takes it, says
nothing), `slow` (takes it, answers half a second later), `taken-500`, `garbage` (takes it, 200 without JSON),
`redirect`; or several of these, by commas, one for each request.

The processes, one a service, are kept until the tests end: to start one takes longer than most tests.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

from servers.api_dialects import DIALECTS, Dialect, Mail, RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    answer: str = ""
    times: int = 1_000_000
    """How many requests get that answer; the others are taken."""
    retry_after: str = ""


class ApiServer:
    def __init__(self, dialect: str, folder: Path, plan: Plan | None = None) -> None:
        self._dialect = dialect
        self._folder = folder
        self._plan = plan or Plan()
        self.url = ""

    def __enter__(self) -> ApiServer:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.url = _process(self._dialect)
        plan = json.dumps({**asdict(self._plan), "folder": str(self._folder)}).encode()
        with urlopen(Request(self.url + _PLAN, plan, method="PUT")) as answer:  # noqa: S310 - our own server
            assert answer.status == 204
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The process stays for the next one."""

    def requests(self) -> list[dict[str, Any]]:
        """Every request that was read whole: `path`, `size`, and its `sha256`."""
        return self._rows("requests")

    def taken(self) -> list[Mail]:
        """Every message that it will send, as it would arrive."""
        return self._rows("taken")

    def counts(self) -> Counter[str]:
        return Counter(one["to"] for one in self.taken())

    def _rows(self, name: str) -> list[dict[str, Any]]:
        """A line that it is just writing counts once it is whole."""
        file = self._folder / name
        whole = file.read_text().rpartition("\n")[0] if file.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]


@cache
def _process(dialect: str) -> str:
    """Start a service's process, to be ended with our own; return its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "servers.api_server", dialect], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    atexit.register(_end, process)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    process.stdout.close()
    return f"http://127.0.0.1:{port}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=60)


_PLAN = "/plan"
Answer = tuple[int, Mapping[str, str], object]


@dataclass(slots=True)
class _Trial:
    """What one test asked for, and what came. A request belongs to the test in which it began, however late it ends."""

    folder: Path
    plan: Plan
    count: int = 0
    known: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Whoever repeats a request that is still being taken finds it known."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dialect: Dialect
    latest: _Trial
    trial: _Trial

    def do_PUT(self) -> None:
        """A test begins: its plan, and its folder."""
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).latest = _Trial(Path(given.pop("folder")), Plan(**given))
        self.send_response(204)
        self.end_headers()

    def _misbehaviour(self) -> str:
        plan, answers = self.trial.plan, self.trial.plan.answer.split(",")
        with self.trial.lock:
            self.trial.count += 1
            count = self.trial.count
        if len(answers) > 1:
            return answers[count - 1] if count <= len(answers) else ""
        return plan.answer if count <= plan.times else ""

    def do_POST(self) -> None:
        self.trial = self.latest
        answer = self._misbehaviour()
        if answer == "drop-unread":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):  # the other side closed in its middle
            self.close_connection = True
            return
        digest = hashlib.sha256(body).hexdigest()
        self._keep("requests", {"path": self.path, "size": len(body), "sha256": digest})
        if answer.isdecimal():
            self._answer(int(answer), {}, {"message": "not for canary@example.org"})
        elif answer == "redirect":
            self._answer(302, {"Location": "http://127.0.0.1:1/"}, {})
        else:
            try:
                self._take(body, answer, digest)
            except RefusedError as refused:
                self._answer(refused.status, refused.headers, refused.content)

    def _take(self, body: bytes, answer: str, digest: str) -> None:
        if not self.path.startswith(self.dialect.path):
            raise RefusedError(404, {"message": "not found"})
        headers = dict(self.headers)
        mails = self.dialect.read(self.path, headers, body)
        key = self.dialect.key(headers, body)
        with self.trial.lock:
            is_known = key in self.trial.known
            said = self._again(key, digest) if is_known else self._kept(mails, key, digest)
        self._misbehave("" if is_known else answer, said)

    def _kept(self, mails: list[Mail], key: str | None, digest: str) -> Answer:
        wrong = [words if self.dialect.sorts else "" for words in map(_wrong, mails)]
        spoilt = [one for one in mails if _is_poison(one) or (_wrong(one) and not self.dialect.sorts)]
        if spoilt:
            raise self.dialect.refuses(spoilt[0]["to"])
        for one, words in zip(mails, wrong, strict=True):
            if not words:
                self._keep("taken", one)
        said = self.dialect.answer(mails, wrong)
        if key is not None:
            self.trial.known[key] = (digest, said)
        return said

    def _again(self, key: str, digest: str) -> Answer:
        first, said = self.trial.known[key]
        if first != digest:
            raise RefusedError(409, {"name": "invalid_idempotent_request", "message": "the content has changed"})
        if self.dialect.known:
            raise self.dialect.known()
        return said

    def _misbehave(self, answer: str, said: Answer) -> None:
        if answer == "drop":
            self.close_connection = True
        elif answer == "silent":
            time.sleep(30)
            self.close_connection = True
        elif answer == "taken-500":
            self._answer(500, {}, {"message": "something went wrong"})
        elif answer == "garbage":
            self._answer(200, {}, "<html>welcome</html>")
        else:
            if answer == "slow":
                time.sleep(0.5)
            self._answer(*said)

    def _keep(self, name: str, row: object) -> None:
        with (self.trial.folder / name).open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _answer(self, status: int, headers: Mapping[str, str], content: object) -> None:
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        if self.trial.plan.retry_after and status in (429, 503):
            self.send_header("Retry-After", self.trial.plan.retry_after)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def _wrong(one: Mail) -> str:
    return f"{one['to']} is not valid" if one["to"].startswith("invalid") else ""


def _is_poison(one: Mail) -> bool:
    return bool(one["to"].startswith("poison"))


def main(dialect: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler would wait for accept() to return
    _Handler.dialect = DIALECTS[dialect]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
