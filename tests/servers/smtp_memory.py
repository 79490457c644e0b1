"""What the connections of one `smtp_sink` share: what was taken, what was said, how often each address came."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from servers.smtp_options import Options


@dataclass(slots=True)
class SinkMemory:
    options: Options
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: Counter[str] = field(default_factory=Counter)
    open: int = 0
    connections: int = 0
    """Made since it started."""
    in_a_row: int = 0
    """Messages taken since the last throttling ended."""
    throttled_since: float | None = None

    def note(self, command: str) -> None:
        with self.lock, (self.folder / "commands").open("a", encoding="utf-8") as file:
            file.write(command + "\n")

    def keep(self, recipient: str, content: bytes) -> None:
        self._write("messages", recipient, content)
        with self.lock:
            self.in_a_row += 1

    def note_offer(self, recipient: str, content: bytes, *, is_followed: bool) -> None:
        """Write down a message that came whole, whether it will be taken or not. `is_followed`: the next envelope came
        with it."""
        self._write("offers", recipient, content, is_followed=is_followed)

    def _write(self, name: str, recipient: str, content: bytes, **more: bool) -> None:
        row = {"recipient": recipient, "content": base64.b64encode(content).decode(), **more}
        with self.lock, (self.folder / name).open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def plan(self, recipient: str) -> str:
        """The plan for this recipient, this time."""
        local = recipient.partition("@")[0]
        with self.lock:
            self.seen[recipient] += 1
            times = self.seen[recipient]
        if local.startswith("once-"):
            return "" if times > 1 else local.removeprefix("once-")
        if match := re.match(r"450x(\d+)", local):
            return "450" if times <= int(match[1]) else ""
        return local

    def throttles(self, place: str) -> bool:
        options = self.options
        if place != options.throttle_at or not options.throttle_after:
            return False
        with self.lock:
            if self.in_a_row < options.throttle_after:
                return False
            self.throttled_since = self.throttled_since or time.monotonic()
            if time.monotonic() - self.throttled_since < options.throttle_seconds:
                return True
            self.in_a_row, self.throttled_since = 0, None
            return False
