"""An aiosmtpd server in a process of its own that keeps every message: appended and fsynced before it answers 250.

Run as a program it prints its port, then serves until it is ended.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class KeepingServer:
    """Use it as a context manager; `port` is a fresh one."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.port = 0

    def __enter__(self) -> KeepingServer:
        self._process = subprocess.Popen([sys.executable, __file__, str(self.file)], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def messages(self) -> list[tuple[str, bytes]]:
        """Every message, in order, as (recipient, content)."""
        whole = self.file.read_bytes().rpartition(b"\n")[0] if self.file.exists() else b""
        rows = map(json.loads, whole.splitlines())
        return [(row["recipient"], base64.b64decode(row["content"])) for row in rows]

    def counts(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.messages())


class _Keeper:
    def __init__(self, file: Path) -> None:
        self._file = file

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        with self._file.open("a") as out:
            for recipient in envelope.rcpt_tos:
                content = base64.b64encode(envelope.original_content).decode()
                out.write(json.dumps({"recipient": recipient, "content": content}) + "\n")
            out.flush()
            os.fsync(out.fileno())
        return "250 2.0.0 kept"


async def _serve(file: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Keeper(file), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
