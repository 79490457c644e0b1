"""The real command signs what it hands over: two verifiers that aren't ours read it off a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import parse
from briefingfeed.dkim.keys import pem_text
from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.postfix import FAST_QUEUE, running_postfix
from servers.smtp_sink import Options, SmtpSink
from signatures import SELECTOR, dkimpy_accepts, key, opendkim_accepts, record

DOMAIN = "harbour.example"
RECORD = record(DOMAIN)
READERS = [*addresses(40), "jürgen@example.org"]
DKIM = f'dkim_selector = "{SELECTOR}"\ndkim_key_file = "dkim.key"'
TABLES = '[bounces]\nunsubscribe_address = "leave@harbour.example"\n'
PEOPLE = 'proof_to = ["ann@example.org"]\nreport_to = ["bob@example.org"]'


def trial(
    folder: Path, command: WarmCommand, sink: SmtpSink | SecondHop, readers: list[str], people: str = ""
) -> Trial:
    made = Trial(
        folder, command, sink, f"sqlite:///{folder / 'ledger.db'}", [], connections=2, more=DKIM, tables=TABLES
    )
    file = folder / "dkim.key"
    file.write_text(pem_text(key()), "ascii")
    file.chmod(0o600)
    settings = folder / "briefingfeed.toml"
    text = settings.read_text("utf-8").replace("[newsletter]", f"[newsletter]\n{people}", 1)
    text = text.replace('from = "Harbour Notes', 'from = "Harbour Notes of Exampleton and all its Parishes – Ünïted')
    settings.write_text(text, "utf-8")
    made.run("subscribers", "add", *readers, "--source", "test", "--international", expect=0)
    return made


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, command: WarmCommand) -> Iterator[list[tuple[str, bytes]]]:
    """An edition, its report, and a test mail, as they arrived."""
    folder = tmp_path_factory.mktemp("signed")
    with SmtpSink(folder / "sink", Options(smtputf8=True)) as sink:
        harbour = trial(folder / "publication", command, sink, READERS, PEOPLE)
        harbour.run("send-weekly", "--test-to", "tess@example.org", expect=0)
        harbour.send_on(0)
        yield sink.messages()


def copies(sent: list[tuple[str, bytes]]) -> list[bytes]:
    return [mail for recipient, mail in sent if recipient in READERS]


def test_both_accept_every_mail_that_leaves(sent: list[tuple[str, bytes]]) -> None:
    people = {recipient for recipient, _ in sent}
    assert people == {*READERS, "tess@example.org", "bob@example.org"}
    mails = [mail for _, mail in sent]
    assert len(copies(sent)) == len(READERS)
    assert all(dkimpy_accepts(mail, RECORD) for mail in mails)
    assert all(opendkim_accepts(mails, RECORD))
    assert len({parse(mail)["DKIM-Signature"] for mail in mails}) == len(mails)


def test_the_signature_says_what_the_page_says(sent: list[tuple[str, bytes]]) -> None:
    signature = re.sub(r"\s+", "", parse(copies(sent)[0])["DKIM-Signature"])
    tags = dict(tag.split("=", 1) for tag in signature.split(";"))
    assert (tags["v"], tags["a"], tags["c"]) == ("1", "rsa-sha256", "relaxed/simple")
    assert (tags["d"], tags["s"]) == (DOMAIN, SELECTOR)
    assert tags.keys() == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}, "neither l= nor x="
    signed = tags["h"].split(":")
    written = [name for name in parse(copies(sent)[0]).keys() if name != "DKIM-Signature"]  # noqa: SIM118 - not a dict
    assert sorted(signed) == sorted([*written, "From", "Subject"])
    assert {"List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID", "Date", "To", "Content-Type"} <= set(signed)


def test_both_refuse_a_copy_with_any_field_changed_taken_away_or_doubled(sent: list[tuple[str, bytes]]) -> None:
    mail = next(mail for mail in copies(sent) if "jürgen".encode() in mail)
    signature, rest = re.fullmatch(rb"(DKIM-Signature:.*?\r\n)((?!\s).*)", mail, re.DOTALL).groups()  # type: ignore[union-attr]
    header, _, body = rest.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    assert fields[0].count(b"\r\n ") >= 1, "the sender is folded"
    wrong = []
    for place, field in enumerate(fields):
        wrong += [[*fields[:place], field + b"x", *fields[place + 1 :]], [*fields[:place], *fields[place + 1 :]]]
    wrong += [[b"From: Mallory <m@example.org>", *fields], [b"Subject: Win!", *fields]]
    mails = [signature + b"\r\n".join(changed) + b"\r\n\r\n" + body for changed in wrong]
    assert not any(dkimpy_accepts(changed, RECORD) for changed in mails)
    assert not any(opendkim_accepts([mail, *mails], RECORD)[1:])
    assert opendkim_accepts([mail], RECORD) == [True]


def test_killed_at_the_dot_everybody_who_gets_a_copy_gets_one_and_it_is_signed(
    tmp_path: Path, command: WarmCommand
) -> None:
    with SmtpSink(tmp_path / "sink") as sink:
        harbour = trial(tmp_path / "publication", command, sink, addresses(40))
        assert harbour.dies_at("after-dot:9")
        harbour.send_on(0, 1)
        harbour.assert_invariants(uncertain=4)
        mails = [mail for recipient, mail in sink.messages() if recipient.startswith("reader")]
    assert len(mails) >= 36
    assert all(dkimpy_accepts(mail, RECORD) for mail in mails)


def test_a_relay_that_puts_its_own_fields_on_top_breaks_nothing(tmp_path: Path, command: WarmCommand) -> None:
    with (
        SmtpSink(tmp_path / "sink", Options(smtputf8=True)) as sink,
        running_postfix(next_hop=sink.port, settings=FAST_QUEUE) as postfix,
    ):
        harbour = trial(tmp_path / "publication", command, SecondHop(postfix, sink), READERS[-5:])
        harbour.send_on(0)
        postfix.wait_until_empty()
        arrived = [mail for recipient, mail in sink.messages() if recipient in READERS]
    assert len(arrived) == 5
    assert all(b"Received:" in mail for mail in arrived)
    assert all(dkimpy_accepts(mail, RECORD) for mail in arrived)
    assert all(opendkim_accepts(arrived, RECORD))
