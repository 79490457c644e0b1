"""A publication made to be measured: a digest of a given size, its readers in the database, and `send-weekly`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from generate import write_posts
from measure import Measured, run

from briefingfeed.dkim.keys import make_key, pem_text

BRIEFINGFEED = Path(sys.executable).parent / "briefingfeed"
DIGESTS = {40: (2, 2), 60: (2, 4)}
"""kB of a mail, about: how many posts of benchmarks/generate.py, and of how many sections each, make it."""
WHEN = "2026-11-16T08:05"
WEEKLY = (BRIEFINGFEED, "-q", "send-weekly", "--now", "--as-of", WHEN, "--yes")
KEY_FILE = "dkim.key"
AT_ONCE = 100_000
"""Addresses in a file: a longer list is imported in parts."""

SETTINGS = """\
[publication]
title = "Measured"
url = "https://measured.example.net"
timezone = "Europe/London"
postal_address = "1 Measured Street, Measured"

[newsletter]
from = "Measured <digest@measured.example.net>"
weekly = "Mon 08:00"
provider = "smtp"

[web]
public_url = "http://127.0.0.1:8090"

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
"""
SIGNING = f"""\
dkim_selector = "measured"
dkim_key_file = "{KEY_FILE}"
"""


@dataclass(frozen=True, slots=True)
class Publication:
    folder: Path
    recipients: int

    @classmethod
    def make(cls, folder: Path, recipients: int, kilobytes: int) -> Publication:
        """A publication whose week has posts; every turn begins with a copy of the state it is left in."""
        made = cls(folder, recipients)
        posts, sections = DIGESTS[kilobytes]
        write_posts(posts, folder / "posts", sections=sections)
        key = folder / KEY_FILE
        key.touch(mode=0o600)
        key.write_text(pem_text(make_key()), encoding="ascii")
        made.settle(port=25, connections=1)
        for start in range(0, recipients, AT_ONCE):
            made._add(range(start, min(start + AT_ONCE, recipients)))
        shutil.copytree(folder / "var", folder / "saved")
        return made

    def send_weekly(self, port: int, *, connections: int, signed: bool) -> Measured:
        """The whole process: start, freeze, a copy of its own and a ledger row for each recipient."""
        self.begin_anew(port, connections=connections, signed=signed)
        return run(WEEKLY, folder=self.folder)

    def begin_anew(self, port: int, *, connections: int, signed: bool = False) -> None:
        """As if nothing had been sent yet."""
        shutil.rmtree(self.folder / "var")
        shutil.copytree(self.folder / "saved", self.folder / "var")
        self.settle(port, connections, signed)

    def send_one(self, port: int, *, signed: bool) -> None:
        """One copy, for its size."""
        self.settle(port, 1, signed)
        run(
            [BRIEFINGFEED, "send-weekly", "--as-of", WHEN, "--test-to", "reader@readers.example.net"],
            folder=self.folder,
        )

    def settle(self, port: int, connections: int, signed: bool = False) -> None:
        """Where the next run sends to, and how."""
        settings = SETTINGS.format(port=port, connections=connections) + (SIGNING if signed else "")
        (self.folder / "briefingfeed.toml").write_text(settings, encoding="utf-8")

    def _add(self, numbers: range) -> None:
        addresses = self.folder / "addresses.csv"
        with addresses.open("w", encoding="utf-8") as file:
            file.write("email\n")
            file.writelines(f"reader-{number}@readers.example.net\n" for number in numbers)
        run([BRIEFINGFEED, "subscribers", "import", addresses, "--source", "benchmark", "--yes"], folder=self.folder)
