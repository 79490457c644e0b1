"""A small Postmark, in a process of its own: takes batches, keeps them in a file before it answers, and misbehaves.

    with PostmarkServer(folder) as server:
        ...  # POST to server.url + "/email/batch"
    server.requests()

By recipient's local part: `inactive` (406), `invalid` (300), `odd` (an unknown code), `account` (405: the account may
not send), `poison` (the whole request is refused with 422), `unnamed` (its item names nobody). By `Plan.answer`: a
status, or `drop` (takes it, closes), `drop-unread`, `garbage` (200 without JSON), `reversed`, `short` (one item is
missing), `redirect`, `huge`, `silent`, `compressed`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

TOKEN = "canary-server-token"
_ITEMS = {
    "inactive": (406, "You tried to send to a recipient that has been marked as inactive: {to}"),
    "invalid": (300, "Invalid 'To' address: '{to}'."),
    "odd": (999, "Something new"),
    "account": (405, "Not allowed to send"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    answer: str = ""
    times: int = 1_000_000
    """How many requests get that answer; the others are taken."""
    retry_after: str = ""


class PostmarkServer:
    def __init__(self, folder: Path, plan: Plan | None = None) -> None:
        self._folder = folder
        self._plan = plan or Plan()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> PostmarkServer:
        self._folder.mkdir(parents=True, exist_ok=True)
        arguments = json.dumps({**asdict(self._plan), "folder": str(self._folder)})
        self._process = subprocess.Popen([sys.executable, __file__, arguments], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self._process.stdout.close()
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    def requests(self) -> list[dict[str, Any]]:
        """Every request that was read whole: `headers`, `path` and `messages`."""
        return self._rows("requests")

    def taken(self) -> list[dict[str, Any]]:
        """Every message that it will send."""
        return self._rows("taken")

    def _rows(self, name: str) -> list[dict[str, Any]]:
        """A line that it is just writing counts once it is whole."""
        file = self._folder / name
        whole = file.read_text().rpartition("\n")[0] if file.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    plan: Plan
    count = 0

    def do_POST(self) -> None:
        type(self).count += 1
        answer = self.plan.answer if self.count <= self.plan.times else ""
        if answer == "drop-unread":
            self.close_connection = True
            return
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._keep("requests", {"path": self.path, "headers": dict(self.headers), "messages": messages})
        if self.headers["X-Postmark-Server-Token"] != TOKEN:
            self._answer(401, {"ErrorCode": 10, "Message": "Request does not contain a valid Server token."})
        elif answer.isdecimal():
            self._answer(int(answer), {"ErrorCode": 0, "Message": "no"} if answer != "422" else {"ErrorCode": 402})
        elif any(one["To"].startswith("poison") for one in messages):
            self._answer(422, {"ErrorCode": 300, "Message": "Error parsing 'To': " + messages[0]["To"]})
        else:
            self._take(messages, answer)

    def _take(self, messages: list[dict[str, Any]], answer: str) -> None:
        items = [self._item(one) for one in messages]
        if answer == "drop":
            self.close_connection = True
        elif answer == "silent":
            time.sleep(30)
        elif answer == "garbage":
            self._answer(200, "<html>welcome</html>")
        elif answer == "huge":
            self._answer(200, "x" * 6_000_000)
        elif answer == "redirect":
            self._answer(302, {}, ("Location", "http://127.0.0.1:1/"))
        elif answer == "compressed":
            self._answer(200, items, ("Content-Encoding", "gzip"))
        else:
            ordered = items[::-1] if answer == "reversed" else items[:-1] if answer == "short" else items
            self._answer(200, ordered)

    def _item(self, one: dict[str, Any]) -> dict[str, Any]:
        local = one["To"].partition("@")[0].partition(".")[0]
        if local in _ITEMS:
            code, words = _ITEMS[local]
            return {"ErrorCode": code, "Message": words.format(to=one["To"])}
        self._keep("taken", one)
        item = {"ErrorCode": 0, "Message": "OK", "MessageID": f"pm-{one['To']}", "To": one["To"]}
        if local == "unnamed":
            del item["To"]
        return item

    def _keep(self, name: str, row: object) -> None:
        with (self.folder / name).open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _answer(self, status: int, content: object, *headers: tuple[str, str]) -> None:
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        if self.plan.retry_after and status in (429, 503):
            self.send_header("Retry-After", self.plan.retry_after)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler would wait for accept() to return
    given = json.loads(arguments[0])
    _Handler.folder, _Handler.plan = Path(given.pop("folder")), Plan(**given)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
