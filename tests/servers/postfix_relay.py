"""Postfix itself as relay on a free port of this machine: it queues, hands on to a next hop, and gives bounces back.

It has its own folders and log, and must be started by root, as Postfix always is; its parts run as the user postfix.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from servers.postfix_sink import free_port

_Found = TypeVar("_Found")
_PATH = f"{os.environ['PATH']}:/usr/sbin"


@dataclass(frozen=True, slots=True)
class PostfixRelay:
    port: int
    maildir: Path
    """Where mail to the home address lands, with whatever stands after a `+` in it."""
    log: Path

    def wait_for(self, count: int) -> list[Path]:
        """Return the mails that came home, as soon as there are so many."""
        return _until(lambda: found if len(found := [*(self.maildir / "new").glob("*")]) >= count else [], self.log)


@contextmanager
def postfix_relay(next_hop: int, home: str) -> Iterator[PostfixRelay]:
    """Start Postfix, which must be installed. It takes mail from this machine; `home` is an address of its own, and
    everything else goes to the port `next_hop`."""
    with TemporaryDirectory(prefix="postfix") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("spool", "data", "mail"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        for part in ("", "home", "home/new", "home/cur", "home/tmp"):
            (folder / "mail" / part).mkdir(exist_ok=True)
            shutil.chown(folder / "mail" / part, "nobody", "nogroup")
        shutil.copy("/etc/postfix/master.cf.proto", folder / "master.cf")
        (folder / "main.cf").touch()
        port = free_port()
        _configure(folder, port, next_hop, home)
        _run("postfix", "-c", str(folder), "start")
        try:
            log = folder / "mail.log"
            _until(lambda: log.exists() and "daemon started" in log.read_text(), log)
            yield PostfixRelay(port, folder / "mail" / "home", log)
        finally:
            _run("postfix", "-c", str(folder), "stop")


def _configure(folder: Path, port: int, next_hop: int, home: str) -> None:
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/spool",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/mail.log",
        "maillog_file_prefixes": str(folder),
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "relay.test.invalid",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "relayhost": f"[127.0.0.1]:{next_hop}",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "alias_maps": "",
        "alias_database": "",
        "smtpd_recipient_restrictions": "permit_mynetworks,reject",
        "recipient_delimiter": "+",
        "virtual_mailbox_domains": home.partition("@")[2],
        "virtual_mailbox_maps": f"inline:{{{home}=home/}}",
        "virtual_mailbox_base": f"{folder}/mail",
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
        "virtual_minimum_uid": "1",
    }
    _run("postconf", "-c", str(folder), "-e", *(f"{name}={value}" for name, value in settings.items()))
    _run("postconf", "-c", str(folder), "-MX", "smtp/inet")
    _run("postconf", "-c", str(folder), "-Me", f"127.0.0.1:{port}/inet=127.0.0.1:{port} inet n - n - - smtpd")


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program, path=_PATH)
    assert found, f"{program} is missing: apt-get install postfix"
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def _until(look: Callable[[], _Found], log: Path) -> _Found:
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(log.read_text() if log.exists() else "postfix wrote no log")
