"""From the real command through Postfix into Dovecot, and read there over IMAP by neomutt and by Thunderbird."""

from __future__ import annotations

import imaplib
import ssl
from email import message_from_bytes, policy
from pathlib import Path

from faults.trial import Trial
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.dovecot import PASSWORD, USERNAME, Dovecot, dovecot
from servers.neomutt import shown_by_neomutt
from servers.postfix import FAST_QUEUE, HOME, running_postfix
from servers.smtp_sink import SmtpSink
from servers.thunderbird import Shown, shown_by_thunderbird

READER = f"ann@{HOME}"
PICTURE = "image: https://charts.example/tonight.png\nimage_alt: The chart of tonight\n"
TEXT = """\
## What the tide said

> “Żółta” is *high* tonight, 🌊 and سلام.
>
> — The keeper

See [the chart](https://charts.example/?harbour=3&day=2).

.A line that begins with a dot.
"""


def test_an_edition_is_read_as_it_was_written(tmp_path: Path, command: WarmCommand) -> None:
    with dovecot() as home, SmtpSink(tmp_path / "sink") as sink:
        settings = FAST_QUEUE | {"virtual_transport": f"lmtp:inet:127.0.0.1:{home.lmtp_port}"}
        with running_postfix(next_hop=sink.port, settings=settings) as postfix:
            hop = SecondHop(postfix, sink)
            trial = Trial(tmp_path / "publication", command, hop, f"sqlite:///{tmp_path / 'ledger.db'}", [READER])
            post = trial.write_post("Ebb", TEXT)
            post.write_text(post.read_text("utf-8").replace("---\n", f"---\n{PICTURE}", 1), "utf-8")
            trial.send_on(0)
            postfix.until(lambda: len(home.flags()) == 1)
        text = shown_by_neomutt(home, tmp_path / "neomutt")
        html = shown_by_neomutt(home, tmp_path / "neomutt-html", "text/html")
        stored = _fetch(home)
        shown = shown_by_thunderbird(home, tmp_path / "thunderbird")

    assert "Subject: Harbour Notes: " in text
    assert f"To: {READER}" in text
    for said in (
        "What the tide said\n------------------",
        "> “Żółta” is _high_ tonight, 🌊 and سلام.\n>\n> — The keeper",
        "See the chart [1].",
        "[1] https://charts.example/?harbour=3&day=2",
        "\n.A line that begins with a dot.",
        "\nUnsubscribe:\nhttp",
    ):
        assert said in text.replace("\r\n", "\n"), said
    assert 'href="https://charts.example/?harbour=3&amp;day=2"' in html
    assert "is <em>high</em> tonight, 🌊 and سلام." in html
    message = message_from_bytes(stored, policy=policy.default)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    _is_as_it_was_written(shown)


def _is_as_it_was_written(shown: Shown) -> None:
    assert shown.subject.endswith("Harbour Notes: Ebb")
    for said in (
        "What the tide said",
        "“Żółta” is high tonight, 🌊 and سلام.",
        "— The keeper",
        "Read this in a browser · Unsubscribe",
    ):
        assert said in shown.text, said
    assert "https://charts.example/?harbour=3&day=2" in shown.links
    assert shown.quotation_edge == "3px"
    assert shown.overhang == 0


def _fetch(home: Dovecot) -> bytes:
    trust = ssl.create_default_context(cafile=str(home.authority))
    trust.check_hostname = False
    with imaplib.IMAP4_SSL(home.host, home.port, ssl_context=trust, timeout=30) as mailbox:
        mailbox.login(USERNAME, PASSWORD)
        mailbox.select("INBOX", readonly=True)
        data = mailbox.fetch("1", "(BODY.PEEK[])")[1][0]
    assert isinstance(data, tuple)
    return data[1]
