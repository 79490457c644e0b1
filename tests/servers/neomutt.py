"""neomutt, a real mail program, at a terminal of its own: what it shows of the first mail in an IMAP folder."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from servers.dovecot import PASSWORD, USERNAME, Dovecot

_RC = """
set folder="{mailbox}" spoolfile="{mailbox}" imap_pass="{password}"
set ssl_ca_certificates_file="{authority}" ssl_force_tls=yes ssl_usesystemcerts=no
set header_cache="" message_cachedir="" certificate_file="{folder}/certificates" mailcap_path="{folder}/mailcap"
set charset=utf-8 send_charset=utf-8 pipe_decode=yes wait_key=no quit=yes confirmappend=no mail_check=0 sleep_time=0
unignore *
alternative_order {kind}
push "<first-entry><pipe-message>cat > {folder}/shown<enter><quit>"
"""
_PATIENCE = 240.0


def shown_by_neomutt(home: Dovecot, folder: Path, kind: str = "text/plain") -> str:
    """Return the first mail as neomutt shows it: headers and the part of that `kind`, decoded."""
    folder.mkdir(exist_ok=True)
    mailbox = f"imaps://{USERNAME}@{home.host}:{home.port}/INBOX"
    rc = folder / "rc"
    rc.write_text(
        _RC.format(mailbox=mailbox, password=PASSWORD, authority=home.authority, folder=folder, kind=kind), "utf-8"
    )
    (folder / "mailcap").write_text("text/html; cat %s; copiousoutput\n")
    if kind == "text/html":
        rc.write_text(rc.read_text("utf-8") + "auto_view text/html\n", "utf-8")
    terminal, ours = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    process = subprocess.Popen(
        ["neomutt", "-n", "-F", str(rc), "-f", mailbox],
        stdin=ours, stdout=ours, stderr=ours, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(ours)
    try:
        said = _listen(process, terminal)
    finally:
        process.kill()
        process.wait(timeout=20)
        os.close(terminal)
    result = folder / "shown"
    assert result.exists(), f"neomutt showed nothing: {said[-2000:]!r}"
    return result.read_text("utf-8")


def _listen(process: subprocess.Popen[bytes], terminal: int) -> bytes:
    """Take what it draws, until it ends: a terminal that nobody reads would stop it."""
    said, until = b"", time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                said += os.read(terminal, 1 << 16)
            except OSError:  # it has closed its side
                break
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    return said
