"""Postfix itself on a free port of this machine: it queues, hands on to a next hop, gives bounces back, takes them in.

    with running_postfix(next_hop=sink.port) as postfix:
        ...  # send to 127.0.0.1:postfix.port
        postfix.wait_until_empty()

Each has a queue, a log and settings of its own, and disturbs no other. It must be started by root, as Postfix always
is; its parts run as the user postfix.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from servers.ports import free_port

HOME = "harbour.example"
"""The domain whose mail stays here, whatever stands before the @; everything else goes to the next hop."""
_Found = TypeVar("_Found")
_PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/lib/postfix/sbin"
_QUEUES = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]
_SETTINGS = {
    "compatibility_level": "3.6",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "myhostname": "relay.test.invalid",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "alias_maps": "",
    "alias_database": "",
    "smtpd_recipient_restrictions": "permit_mynetworks,reject",
    "recipient_delimiter": "+",
    "virtual_mailbox_domains": HOME,
    "virtual_mailbox_maps": f"inline:{{{{@{HOME}=home/}}}}",
    "virtual_minimum_uid": "1",
}
FAST_QUEUE = {"minimal_backoff_time": "1s", "maximal_backoff_time": "1s", "queue_run_delay": "1s"}
"""Settings: what is put off is tried again each second."""


class Postfix:
    """`folder` holds main.cf and master.cf as in /etc/postfix, and the log `mail.log`."""

    def __init__(self, folder: Path, settings: Mapping[str, str], services: Sequence[str] = ()) -> None:
        """`services` are entries for master.cf, of one line or more."""
        self.folder = folder
        self.port = free_port()
        self.log = folder / "mail.log"
        self.maildir = folder / "mail" / "home"
        """Where mail for HOME lands, unless the settings lead it elsewhere."""
        self._process: subprocess.Popen[bytes] | None = None
        self._make_folders()
        shutil.copy("/etc/postfix/master.cf.proto", folder / "master.cf")
        (folder / "main.cf").touch()
        nobody = pwd.getpwnam("nobody")
        own = {
            "queue_directory": f"{folder}/spool",
            "data_directory": f"{folder}/data",
            "maillog_file": f"{folder}/mail.log",
            "maillog_file_prefixes": str(folder),
            "virtual_mailbox_base": f"{folder}/mail",
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}",
        }
        self.set(_SETTINGS | own | dict(settings))
        listener = f"127.0.0.1:{self.port} inet n - n - - smtpd"
        self._run("postconf", "-MX", "smtp/inet")
        with (folder / "master.cf").open("a") as file:
            file.writelines(f"{line}\n" for line in (listener, *services))

    def start(self) -> None:
        """Start it as a process of ours, and wait until it takes mail. `postfix start` looks over every file first."""
        assert os.geteuid() == 0, "Postfix is started by root only: run these tests as root"
        command = [_program("master"), "-c", str(self.folder), "-d"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True,
        )  # fmt: skip
        self.until(self._is_open)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it and all its parts, as `postfix stop` does, or with SIGKILL at once. What is queued stays."""
        if self._process is not None:
            group, process, self._process = self._process.pid, self._process, None
            os.killpg(group, how)
            process.wait(timeout=30)
            with suppress(ProcessLookupError):  # raised once the last part has gone and was buried
                for _ in range(10):
                    os.killpg(group, signal.SIGKILL)
                    time.sleep(0.01)

    def set(self, settings: Mapping[str, str]) -> None:
        """Write settings into main.cf; those who were started already don't see them."""
        self._run("postconf", "-e", *(f"{name}={value}" for name, value in settings.items()))

    def queue(self) -> list[dict[str, Any]]:
        """Return what waits, as `postqueue -j` tells it."""
        return [json.loads(line) for line in self._run("postqueue", "-j").splitlines()]

    def flush(self) -> None:
        """Let it try at once all that waits."""
        self._run("postqueue", "-f")

    def wait_until_empty(self, seconds: float = 240) -> None:
        # Looked at twice: a mail that just moves from one queue to another may be overlooked once.
        self.until(lambda: not self.queue() and not self.queue(), seconds)

    def wait_for_mails(self, count: int) -> list[Path]:
        """Return the mails that came home to the Maildir, as soon as there are so many."""
        return self.until(lambda: found if len(found := [*self.maildir.glob("new/*")]) >= count else [])

    def lines(self, words: str) -> list[str]:
        """Return the lines of its log that hold these words."""
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines() if words in line]

    def until(self, look: Callable[[], _Found], seconds: float = 240) -> _Found:
        """Look again and again; return what is found, or fail with the log."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, "\n".join(self.lines(""))[-5000:] or "postfix wrote no log"
            time.sleep(0.05)
        return found

    def _make_folders(self) -> None:
        for name in ("spool", "spool/pid", "mail"):
            (self.folder / name).mkdir()
        for name in ("data", *(f"spool/{queue}" for queue in _QUEUES)):
            (self.folder / name).mkdir(mode=0o700)
            shutil.chown(self.folder / name, "postfix")
        for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
            (self.folder / "spool" / name).mkdir()
            shutil.chown(self.folder / "spool" / name, "postfix", "postdrop")
            (self.folder / "spool" / name).chmod(mode)
        for name in ("mail/home", "mail/home/new", "mail/home/cur", "mail/home/tmp"):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, "nobody", "nogroup")

    def _is_open(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"postfix did not start: {self.lines('')}"
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def _run(self, program: str, *arguments: str) -> str:
        command = [_program(program), "-c", str(self.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_postfix(
    *, next_hop: int = 9, settings: Mapping[str, str] | None = None, services: Sequence[str] = ()
) -> Iterator[Postfix]:
    """Run Postfix, which must be installed, until the end of the block. `next_hop`: a port of this machine."""
    with TemporaryDirectory(prefix="postfix", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        relayhost = {"relayhost": f"[127.0.0.1]:{next_hop}"}
        postfix = Postfix(Path(name), relayhost | dict(settings or {}), services)
        try:
            postfix.start()
            yield postfix
        finally:
            postfix.stop()


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found, f"{name} is missing: apt-get install postfix"
    return found
