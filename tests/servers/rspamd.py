"""rspamd on a free port of this machine, with folders of its own and without any network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from servers.answering import wait_for_answer
from servers.ports import free_port

_OFF = ("rbl", "surbl", "spf", "dmarc", "fuzzy_check", "greylist", "history_redis", "mx_check", "neural", "ratelimit",
        "replies", "rspamd_update", "url_redirector", "asn", "bimi", "arc", "phishing")  # fmt: skip
"""What asks somebody else."""


@dataclass(frozen=True, slots=True)
class Rspamd:
    port: int

    def scores(self, mail: bytes) -> dict[str, float]:
        """Return what it finds in a mail that comes from a proper server, by symbol."""
        headers = {"IP": "192.0.2.1", "Helo": "mx.example.com", "Hostname": "mx.example.com"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/checkv2", mail, headers)
        found = json.loads(connection.getresponse().read())
        connection.close()
        return {name: symbol["score"] for name, symbol in found["symbols"].items() if symbol["score"]}


@contextmanager
def rspamd() -> Iterator[Rspamd]:
    """Start rspamd, which must be installed."""
    program = shutil.which("rspamd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "rspamd is missing: apt-get install rspamd"
    port, no_server = free_port(), free_port()
    with TemporaryDirectory(prefix="rspamd") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for inner in ("local.d", "db", "run"):
            (folder / inner).mkdir()
        settings = {
            **{f"{module}.conf": "enabled = false;" for module in _OFF},
            **{f"worker-{worker}.inc": "enabled = false;" for worker in ("controller", "proxy", "fuzzy")},
            "worker-normal.inc": f'bind_socket = "127.0.0.1:{port}"; count = 1;',
            "options.inc": f'dns {{ nameserver = ["127.0.0.1:{no_server}"]; timeout = 0.1s; retransmits = 1; }}\n'
            'filters = "chartable,dkim,regexp";',
            "logging.inc": f'type = "file"; filename = "{folder}/log"; level = "warning";',
        }
        for file, content in settings.items():
            (folder / "local.d" / file).write_text(f"{content}\n")
        owner = ("-u", "_rspamd", "-g", "_rspamd") if os.geteuid() == 0 else ("-i",)
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "_rspamd", "_rspamd")
        places = [f"--var={key}={value}" for key, value in
                  (("LOCAL_CONFDIR", folder), ("DBDIR", folder / "db"), ("RUNDIR", folder / "run"))]  # fmt: skip
        process = subprocess.Popen(
            [program, "-f", *owner, *places], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for_answer(port, "/ping", process, folder / "log")
            yield Rspamd(port)
        finally:
            process.terminate()
            process.wait(timeout=30)
