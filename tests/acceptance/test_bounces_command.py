"""Bounces as an operator meets them: the real command, mails that really went out, and what servers give back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom, parse
from faults.warm_command import WarmCommand
from returned import bounces, others
from returned.bounces import Copy
from servers.dovecot import PASSWORD, USERNAME, dovecot
from servers.smtp_sink import SmtpSink

ANN, BOB, CY = "ann@readers.example", "bob@readers.example", "cy@readers.example"
BOUNCES = """
[bounces]
address = "bounces@harbour.example"
unsubscribe_address = "leave@harbour.example"
{mailbox}
"""


class Desk(Newsroom):
    """A publication whose edition has gone out, and the mailbox beside it."""

    def __init__(self, folder: Path, sink: SmtpSink, command: WarmCommand | None = None) -> None:
        self.maildir = folder.parent / "returned"
        for name in ("new", "cur", "tmp"):
            (self.maildir / name).mkdir(parents=True)
        super().__init__(folder, command=command)
        self.sink = sink
        self.set_mailbox(f'maildir = "{self.maildir}"')
        self.write("Tides")
        self.subscribe([ANN, BOB, CY])
        self.send()

    def set_mailbox(self, mailbox: str) -> None:
        self.configure(port=self.sink.port, more=BOUNCES.format(mailbox=mailbox))

    def copy(self, address: str) -> Copy:
        """What a report may repeat of the copy that this reader's server took."""
        content = dict(self.sink.messages())[address]
        place = [line.lower() for line in self.sink.commands()].index(f"rcpt to:<{address}>")
        sender = next(line for line in reversed(self.sink.commands()[:place]) if line.lower().startswith("mail from:"))
        mail = parse(content)
        return Copy(
            recipient=address,
            return_path=re.findall("<(.*?)>", sender)[0],
            message_id=mail["Message-ID"],
            token=re.findall(r"\?subject=([^>]+)>", mail["List-Unsubscribe"])[0],
        )

    def put(self, raw: bytes, name: str = "1.test") -> None:
        (self.maildir / "new" / name).write_bytes(raw)

    def pipe(self, raw: bytes, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "briefingfeed", "bounces", "pipe"],
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            input=raw,
            capture_output=True,
            timeout=300,
            check=False,
        )

    def show(self, address: str) -> dict[str, object]:
        shown: dict[str, object] = json.loads(self.run("subscribers", "show", address, "--json", expect=0).stdout)
        return shown


@pytest.fixture
def desk(tmp_path: Path, command: WarmCommand) -> Iterator[Desk]:
    with SmtpSink(tmp_path / "sink") as sink:
        yield Desk(tmp_path / "publication", sink, command)


def test_a_bounce_of_a_mail_that_went_out_suppresses_its_reader_and_nobody_else(desk: Desk) -> None:
    desk.put(bounces.postfix_unknown_user(desk.copy(ANN)))
    done = desk.run("bounces", "read", "--json", expect=0)
    report = json.loads(done.stdout)
    assert (report["read"], report["suppressed"], report["set_aside"]) == (1, 1, 0)
    shown = desk.show(ANN)
    assert shown["suppressed"] == "bounced"
    assert "unsuppress" in str(shown["to_mail_again"])
    assert desk.show(BOB)["suppressed"] is None
    assert list((desk.maildir / "new").iterdir()) == []


def test_every_copy_has_a_sender_of_its_own_and_the_same_on_every_attempt(desk: Desk) -> None:
    senders = [line.lower() for line in desk.sink.commands() if line.lower().startswith("mail from:")]
    assert len(set(senders)) == 3
    assert all(re.search(r"<bounces\+[a-z2-7]{24}@harbour\.example>", sender) for sender in senders)


def test_sending_reads_the_mailbox_first(desk: Desk) -> None:
    desk.put(bounces.qmail(desk.copy(ANN)))
    desk.put(others.wish(desk.copy(BOB).token), "2.test")
    desk.send()
    assert desk.show(ANN)["suppressed"] == "bounced"
    assert desk.show(BOB)["state"] == "unsubscribed"


def test_nothing_that_is_said_or_listed_holds_an_address_or_a_token(desk: Desk) -> None:
    ann, bob = desk.copy(ANN), desk.copy(BOB)
    desk.put(bounces.exim_report(ann))
    desk.put(others.complaint(bob), "2.test")
    desk.put(others.wish("Please let me go", sender=CY), "3.test")
    desk.put(bounces.sendmail(Copy(recipient=CY)), "4.test")
    said = ""
    for command in (
        ["-v", "bounces", "read"],
        ["bounces", "list"],
        ["bounces", "list", "--json"],
        ["-v", "send-weekly"],
    ):
        done = desk.run(*command)
        said += done.stdout + done.stderr
    assert "no such mailbox" in said
    assert "@readers.example" not in said
    assert not any(secret in said for copy in (ann, bob) for secret in (copy.token, copy.message_id, copy.return_path))


def test_mails_that_nobody_understands_are_told_once_and_stay(desk: Desk) -> None:
    desk.put(others.advertisement())
    first, again = desk.run("bounces", "read", expect=1), desk.run("bounces", "read", expect=1)
    assert "not understood" in first.stderr
    assert again.stderr == ""
    assert [file.name for file in (desk.maildir / "cur").iterdir()] == ["1.test:2,F"]


class TestTrouble:
    def test_a_mailbox_that_is_not_there_stops_no_mail_and_is_told_once(self, desk: Desk) -> None:
        desk.set_mailbox('maildir = "/nowhere/at/all"')
        first, again = desk.run("send-weekly", expect=1), desk.run("send-weekly", expect=1)
        assert "Bounces are not read" in first.stderr
        assert again.stderr == ""

    def test_reading_on_purpose_says_what_is_wrong_each_time(self, desk: Desk) -> None:
        desk.set_mailbox('maildir = "/nowhere/at/all"')
        for _ in range(2):
            assert "no Maildir" in desk.run("bounces", "read", expect=78).stderr

    def test_without_a_mailbox_reading_says_what_to_set(self, desk: Desk) -> None:
        desk.set_mailbox("")
        assert "names no mailbox" in desk.run("bounces", "read", expect=2).stderr

    def test_without_a_password_the_variable_is_named(self, desk: Desk) -> None:
        desk.set_mailbox('imap_host = "imap.example"\nimap_username = "bounces"')
        assert "BRIEFINGFEED_BOUNCES_PASSWORD" in desk.run("bounces", "read", expect=78).stderr

    def test_a_server_out_of_reach_is_not_worth_a_word_at_once(self, desk: Desk) -> None:
        desk.set_mailbox('imap_host = "127.0.0.1"\nimap_port = 9\nimap_username = "bounces"')
        done = desk.run("send-weekly", environment={"BRIEFINGFEED_BOUNCES_PASSWORD": "x"}, expect=0)
        assert done.stderr == ""
        desk.run("bounces", "read", environment={"BRIEFINGFEED_BOUNCES_PASSWORD": "x"}, expect=75)


class TestPipe:
    def test_a_mail_handed_in_is_dealt_with(self, desk: Desk) -> None:
        done = desk.pipe(bounces.postfix_unknown_user(desk.copy(ANN)))
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert desk.show(ANN)["suppressed"] == "bounced"

    def test_what_is_not_understood_is_kept_whole_and_told_once(self, desk: Desk) -> None:
        raw = others.advertisement() + b"x" * 3_000_000
        assert desk.pipe(raw).returncode == 0
        (kept,) = (desk.folder / "var" / "unclear-mail" / "new").iterdir()
        assert kept.read_bytes() == raw
        assert kept.stat().st_mode & 0o077 == 0
        assert "unclear-mail" in desk.run("send-weekly").stderr
        assert desk.run("send-weekly").stderr == ""

    @pytest.mark.parametrize("broken", ["settings", "database", "option"])
    def test_whatever_is_wrong_here_the_mail_server_is_asked_to_try_again(self, desk: Desk, broken: str) -> None:
        raw = bounces.postfix_unknown_user(desk.copy(ANN))
        if broken == "settings":
            (desk.folder / "briefingfeed.toml").write_text("[bounces]\nadress = 1\n")
        elif broken == "database":
            (desk.folder / "var" / "briefingfeed.db").write_bytes(b"no database at all" * 1000)
        environment = {"BRIEFINGFEED_CONFIG": "/nowhere.toml"} if broken == "option" else None
        done = desk.pipe(raw, environment)
        assert done.returncode == 75
        assert b"readers.example" not in done.stderr

    def test_an_empty_mail_is_kept_for_people(self, desk: Desk) -> None:
        assert desk.pipe(b"").returncode == 0


def test_a_mailbox_on_a_real_server_over_tls(tmp_path: Path) -> None:
    with dovecot() as server, SmtpSink(tmp_path / "sink") as sink:
        desk = Desk(tmp_path / "publication", sink)  # each of its commands imports what it needs itself
        server.deliver("1.test", bounces.postfix_unknown_user(desk.copy(ANN)))
        server.deliver("2.test", others.wish(desk.copy(BOB).token))
        server.deliver("3.test", others.advertisement())
        desk.set_mailbox(f'imap_host = "{server.host}"\nimap_port = {server.port}\nimap_username = "{USERNAME}"')
        secrets = {"BRIEFINGFEED_BOUNCES_PASSWORD": PASSWORD, "SSL_CERT_FILE": str(server.authority)}
        report = json.loads(desk.run("bounces", "read", "--json", environment=secrets, expect=1).stdout)
        assert (report["suppressed"], report["unsubscribed"], report["set_aside"]) == (1, 1, 1)
        assert list(server.flags()) == ["3.test"]
        assert desk.show(ANN)["suppressed"] == "bounced"
