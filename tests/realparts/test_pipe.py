"""Postfix hands what comes back to `briefingfeed bounces pipe`, set up with the very lines of docs/bounces.md."""

from __future__ import annotations

import json
import re
import shutil
import smtplib
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import closing, suppress
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import briefingfeed
from acceptance.newsroom import Newsroom, parse
from servers.postfix import HOME, Postfix, running_postfix
from servers.smtp_sink import SmtpSink

GONE, FULL = "550-5.1.1.gone@readers.example", "552-5.2.2.full@readers.example"
LEAVING, GOOD = "leaving@readers.example", "good@readers.example"
AN_ORDINARY_SERVER = {
    "virtual_mailbox_domains": "",
    "mydestination": f"$myhostname, {HOME}",
    "mynetworks": "127.0.0.1/32",
    "smtpd_recipient_restrictions": "",
}
AS_NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
SOURCES = [str(Path(briefingfeed.__file__).parents[1]), sysconfig.get_path("purelib")]
COMMAND = f"import sys\nsys.path[:0] = {SOURCES}\nfrom briefingfeed.cli import main\nmain()\n"
FROM_THE_WORLD = ("127.0.0.2", 0)


class Desk(Newsroom):
    """A publication of the user nobody: Postfix runs no command as root."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.chown(folder, "nobody", "nogroup")
        self._python = _python_of_nobody()
        self.program = folder / "briefingfeed"
        self.program.write_text("#!/bin/false\n")
        self.program.chmod(0o755)

    def start(self, *arguments: str, **_: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._python, "-c", COMMAND, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **AS_NOBODY,
        )  # fmt: skip

    def mend_program(self) -> None:
        self.program.write_text(f"#!{self._python}\n{COMMAND}")

    def documented(self) -> tuple[str, dict[str, str]]:
        """Return what the manual says for master.cf and for main.cf, with our names in place of its examples."""
        manual = Path(__file__).parents[2] / "docs" / "bounces.md"
        chapter = manual.read_text("utf-8").partition("### A pipe")[2].partition("\n## ")[0]
        for theirs, ours in (
            ("example.org", HOME),
            ("user=briefings", "user=nobody"),
            ("/srv/briefings/.venv/bin/briefingfeed", str(self.program)),
            ("/srv/briefings", str(self.folder)),
        ):
            assert theirs in chapter
            chapter = chapter.replace(theirs, ours)
        service, settings = re.findall(r"^```\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
        return service, dict(line.split(" = ") for line in settings.splitlines())


def _python_of_nobody() -> str:
    """Return a Python of our version that nobody may start: root's own may lie in root's folders."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            asked = [python, "-c", "import sys; print(*sys.version_info[:2])"]
            done = subprocess.run(asked, capture_output=True, text=True, check=False, **AS_NOBODY)
            if done.stdout.split() == [str(part) for part in sys.version_info[:2]]:
                return python
    raise AssertionError("the user nobody can start no Python of this version: install it where all may")


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="news") as name:  # not below pytest's folders, which only their owner may enter
        Path(name).chmod(0o755)
        yield Path(name) / "publication"


def test_what_comes_back_is_kept_until_it_is_dealt_with(folder: Path, tmp_path: Path) -> None:
    desk = Desk(folder)
    service, settings = desk.documented()
    with (
        SmtpSink(tmp_path / "sink") as sink,
        running_postfix(next_hop=sink.port, settings=AN_ORDINARY_SERVER | settings, services=[service]) as postfix,
    ):
        more = f'[bounces]\naddress = "bounces@{HOME}"\nunsubscribe_address = "leave@{HOME}"\n'
        desk.configure(port=postfix.port, more=more)
        desk.write("Tides")
        desk.subscribe([GONE, FULL, LEAVING, GOOD])
        desk.send()
        postfix.until(lambda: LEAVING in sink.counts())
        mailto = parse(dict(sink.messages())[LEAVING])["List-Unsubscribe"].rpartition("<mailto:")[2].rstrip(">")
        _write(postfix, *mailto.split("?subject="))
        _write(postfix, f"leave@{HOME}", "Please take me off your list")
        postfix.until(lambda: [mail["queue_name"] for mail in postfix.queue()] == ["deferred"] * 4)
        assert len(postfix.lines("Command died with status 1")) == 4, "an upgrade went wrong: Postfix keeps the mails"

        desk.mend_program()
        with closing(sqlite3.connect(folder / "var" / "briefingfeed.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            postfix.flush()
            postfix.until(lambda: postfix.lines("is busy"))
            postfix.until(lambda: len(postfix.queue()) == 4)

        postfix.until(lambda: {mail["queue_name"] for mail in postfix.queue()} <= {"deferred"})
        postfix.flush()
        postfix.wait_until_empty()
    heard = json.loads(desk.run("bounces", "list", "--json", expect=0).stdout)
    assert sorted(event["enhanced_code"] for event in heard if event["kind"] == "bounced") == ["5.1.1", "5.2.2"]
    people = json.loads(desk.run("subscribers", "list", "--json", expect=0).stdout)
    assert {person["address"] for person in people if person["suppression"]} == {GONE}
    assert {person["address"] for person in people if person["state"] == "unsubscribed"} == {LEAVING}
    (letter,) = (folder / "var" / "unclear-mail" / "new").iterdir()
    assert b"take me off" in letter.read_bytes()


def _write(postfix: Postfix, recipient: str, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = LEAVING, recipient, subject
    mail.set_content("")
    with smtplib.SMTP("127.0.0.1", postfix.port, source_address=FROM_THE_WORLD, timeout=30) as client:
        client.send_message(mail)
