"""Postfix's own test server, smtp-sink, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from servers.ports import free_port


@contextmanager
def postfix_sink(*options: str) -> Iterator[tuple[int, Path]]:
    """Start smtp-sink, which must be installed; give its port, and the folder that it runs and dumps in."""
    program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "smtp-sink is missing: apt-get install postfix"
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with TemporaryDirectory() as name:  # not below pytest's folders, which only their owner may enter
        folder = Path(name)
        folder.chmod(0o777)
        command = [program, *user, *options, f"127.0.0.1:{port}", "100"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port, folder
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_for(port: int) -> None:
    for _ in range(3000):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("smtp-sink did not start")
