"""A key to sign with, and what two verifiers that aren't ours say of a signature (DKIM)."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from briefingfeed.dkim.keys import make_key, public_text
from briefingfeed.dkim.record import Record
from briefingfeed.dkim.signing import Signer

DOMAIN, SELECTOR = "briefings.example", "b1"
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@cache
def key() -> RSAPrivateKey:
    return make_key()


def signer(domain: str = DOMAIN, unsigned: Sequence[str] = ()) -> Signer:
    return Signer(key=key(), domain=domain, selector=SELECTOR, unsigned=unsigned)


def record(domain: str = DOMAIN) -> Record:
    return Record(name=f"{SELECTOR}._domainkey.{domain}", public_key=public_text(key()))


def dkimpy_accepts(mail: bytes, expected: Record | None = None) -> bool:
    expected = expected or record()
    texts = {f"{expected.name}.".encode(): expected.text.encode()}
    return bool(dkim.verify(mail, logger=_SILENT, dnsfunc=lambda name, timeout=5: texts.get(name)))


def _opendkim() -> str:
    program = shutil.which("opendkim", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "opendkim is missing: apt-get install opendkim"
    return program


def opendkim_accepts(mails: Sequence[bytes], expected: Record | None = None) -> list[bool]:
    """Ask OpenDKIM, which must be installed, about each of `mails`."""
    expected = expected or record()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").write_text(f"{expected.name} {expected.text}\n", "utf-8")
        (folder / "conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {folder / 'keys'}\n", "utf-8")
        files = [folder / str(number) for number in range(len(mails))]
        for file, mail in zip(files, mails, strict=True):
            file.write_bytes(mail)
        done = subprocess.run(
            [_opendkim(), "-x", folder / "conf", "-t", ",".join(map(str, files)), "-v", "-v"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    accepted = set(re.findall(r"^opendkim: (\S+): verification \(.*\) succeeded$", done.stdout, re.MULTILINE))
    return [str(file) in accepted for file in files]


_SILENT = logging.getLogger("dkimpy")
_SILENT.disabled = True
