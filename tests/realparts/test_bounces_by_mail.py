"""What the next server refuses comes back as Postfix writes it, and is read where mail servers put it."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from acceptance.newsroom import parse
from faults.trial import Trial
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.dovecot import PASSWORD, USERNAME, Dovecot, dovecot
from servers.postfix import FAST_QUEUE, HOME, Postfix, running_postfix
from servers.smtp_sink import SmtpSink

GONE, FULL, BUSY = "550-5.1.1.gone@readers.example", "552-5.2.2.full@readers.example", "450-4.2.0.busy@readers.example"
SPAM = "dot-554-5.7.1.spam@readers.example"
LEAVING, AWAY, GOOD = "leaving@readers.example", "away@readers.example", "good@readers.example"
READERS = [GONE, FULL, BUSY, SPAM, LEAVING, AWAY, GOOD]
WARNS_SOON = FAST_QUEUE | {"delay_warning_time": "1s"}
GIVES_UP = {"maximal_queue_lifetime": "1s"}
IN_TURN = {"smtp_destination_concurrency_limit": "1"}
REPORTS = 5
"""One for each of the four who refuse, and a warning of a delay before the third gives up."""


def test_reports_of_postfix_in_a_mailbox_of_dovecot(tmp_path: Path, command: WarmCommand) -> None:
    with dovecot() as home, SmtpSink(tmp_path / "sink") as sink:
        settings = WARNS_SOON | IN_TURN | {"virtual_transport": f"lmtp:inet:127.0.0.1:{home.lmtp_port}"}
        with running_postfix(next_hop=sink.port, settings=settings) as postfix:
            hop = SecondHop(postfix, sink)
            trial = Trial(
                tmp_path / "publication", command, hop, f"sqlite:///{tmp_path / 'ledger.db'}",
                READERS, tables=_bounces(home),
                environment={"BRIEFINGFEED_BOUNCES_PASSWORD": PASSWORD, "SSL_CERT_FILE": str(home.authority)},
            )  # fmt: skip
            trial.send_on(0)
            assert set(trial.tally) == {"accepted"}
            postfix.until(lambda: LEAVING in sink.counts() and AWAY in sink.counts())
            _write_back(hop)
            postfix.until(lambda: len(home.flags()) == REPORTS + 2)  # it tries the third again and again
            postfix.stop()
            postfix.set(GIVES_UP)
            postfix.start()
            postfix.wait_until_empty()
            assert len(home.flags()) == REPORTS + 3

        report = json.loads(trial.run("bounces", "read", "--json", expect=1).stdout)
        assert report["read"] == REPORTS + 3
        assert report["events"] == {"bounced": 4, "delayed": 1, "unsubscribed": 1}
        assert report["fates"]["of no consequence"] == 1, "the vacation"
        assert (report["suppressed"], report["unsubscribed"], report["set_aside"]) == (1, 1, 1)
        assert [flags[0] for flags in home.flags().values()] == ["F"], "only what a person has to answer stays, flagged"
        assert json.loads(trial.run("bounces", "read", "--json", expect=1).stdout)["read"] == 0

    shown = {address: _show(trial, address) for address in READERS}
    assert {address: person["suppressed"] for address, person in shown.items()} == dict.fromkeys(READERS) | {
        GONE: "bounced"
    }
    assert {address for address, person in shown.items() if person["state"] == "unsubscribed"} == {LEAVING}
    listed = json.loads(trial.run("bounces", "list", "--json", expect=0).stdout)
    of_copies = [event for event in listed if event["kind"] != "unsubscribed"]
    assert sorted((event["enhanced_code"], event["kind"], event["permanent"]) for event in of_copies) == [
        ("4.2.0", "bounced", False),
        ("4.2.0", "delayed", False),
        ("5.1.1", "bounced", True),
        ("5.2.2", "bounced", True),
        ("5.7.1", "bounced", True),
    ]
    assert all(event["edition"] == trial.key for event in of_copies)


def _bounces(home: Dovecot) -> str:
    return (
        f'[bounces]\naddress = "bounces@{HOME}"\nunsubscribe_address = "leave@{HOME}"\n'
        f'imap_host = "{home.host}"\nimap_port = {home.port}\nimap_username = "{USERNAME}"\n'
    )


def _write_back(hop: SecondHop) -> None:
    """Send what readers' programs send: a wish to leave, a vacation's answer, and a letter."""
    copies = dict(hop.messages())
    senders = {recipient: sender for sender, recipient in hop.envelopes()}
    mailto = parse(copies[LEAVING])["List-Unsubscribe"].rpartition("<mailto:")[2].rstrip(">")
    address, _, token = mailto.partition("?subject=")
    answer = {"Subject": "Away", "Auto-Submitted": "auto-replied", "In-Reply-To": parse(copies[AWAY])["Message-ID"]}
    _send(hop.postfix, LEAVING, address, {"Subject": token})
    _send(hop.postfix, "", senders[AWAY], answer)
    _send(hop.postfix, GOOD, f"leave@{HOME}", {"Subject": "Please take my name off your list"})


def _send(postfix: Postfix, sender: str, recipient: str, fields: dict[str, str]) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = sender or AWAY, recipient
    for name, value in fields.items():
        mail[name] = value
    mail.set_content("Sent by a program, or a person.")
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
        client.send_message(mail, from_addr=sender, to_addrs=[recipient])


def _show(trial: Trial, address: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(trial.run("subscribers", "show", address, "--json", expect=0).stdout)
    return shown
