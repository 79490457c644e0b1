"""Dovecot on free ports of this machine, with its own folders and one account: IMAP over TLS, LMTP, logins of Postfix.

A mail server delivers by LMTP; whatever stands before the @, it ends up in the one mailbox.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from servers.certificates import Authority
from servers.ports import free_port

USERNAME, PASSWORD = "bounces", "a-password-for-tests"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
auth_failure_delay = 0
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {internal_group}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder} allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service auth {{
  inet_listener {{
    port = {login_port}
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    host: str
    port: int
    lmtp_port: int
    login_port: int
    """Where Postfix may ask whether a login is right (`smtpd_sasl_path = inet:127.0.0.1:...`)."""
    maildir: Path
    authority: Path
    """What a client must trust."""

    def deliver(self, name: str, raw: bytes) -> None:
        """Put a mail into the mailbox as a mail server does."""
        draft = self.maildir / "tmp" / name
        draft.write_bytes(raw)
        shutil.chown(draft, *_owner())
        draft.rename(self.maildir / "new" / name)

    def flags(self) -> dict[str, str]:
        """Return the mails that are there by name, each with its Maildir flags."""
        found = [file.name.partition(":2,") for box in ("new", "cur") for file in (self.maildir / box).iterdir()]
        return {name.partition(",")[0]: flags for name, _, flags in found}


def _owner() -> tuple[str, str]:
    """Whose the mails are: never root's."""
    if os.geteuid() == 0:
        return "nobody", "nogroup"
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


@contextmanager
def dovecot(host: str = "127.0.0.1", *, days: tuple[int, int] = (-1, 30)) -> Iterator[Dovecot]:
    """Start Dovecot, which must be installed. Its certificate is for `host`, valid `days` from and to today."""
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "dovecot is missing: apt-get install dovecot-imapd dovecot-lmtpd"
    user, group = _owner()
    is_root = os.geteuid() == 0
    with TemporaryDirectory(prefix="dovecot") as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority = Authority(folder)
        for box in ("", "new", "cur", "tmp"):
            (folder / "mail" / box).mkdir()
            shutil.chown(folder / "mail" / box, user, group)
        port, lmtp_port, login_port = free_port(), free_port(), free_port()
        config = folder / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                folder=folder,
                certificate=authority.issue(host, days=days),
                user=user,
                group=group,
                login="dovenull" if is_root else user,
                internal="dovecot" if is_root else user,
                internal_group="dovecot" if is_root else group,
                password=PASSWORD,
                port=port,
                lmtp_port=lmtp_port,
                login_port=login_port,
            )
        )
        process = subprocess.Popen(
            [program, "-c", str(config), "-F"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, folder / "log", process)
            yield Dovecot("127.0.0.1", port, lmtp_port, login_port, folder / "mail", authority.file)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"dovecot did not start: {log.read_text() if log.exists() else 'it wrote no log'}")
