"""Waiting until a server that was just started answers."""

from __future__ import annotations

import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

_TRIES = 600
_PAUSE = 0.1


def wait_for_answer(port: int, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `process` answers a request for `path`. Fails with its log if it ends, or after a minute or so."""
    for _ in range(_TRIES):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()
        except (OSError, HTTPException):
            time.sleep(_PAUSE)
        else:
            return
        if process.poll() is not None:
            break
    told = log.read_text() if log.exists() else "it wrote no log"
    raise AssertionError(f"{process.args!r} did not start: {told}")
