"""Addresses with letters beyond ASCII before the @, through a real Postfix, to servers that take them or don't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acceptance.newsroom import assert_is_copy
from faults.trial import Trial
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.postfix import HOME, running_postfix
from servers.smtp_sink import Options, SmtpSink

ZOLTA, PLAIN = "żółta.łódź@czytelnicy.example", "ann@readers.example"
FROM_A_FILE, SPELLED_APART = "用户@读者.example", "ju\u0308rgen@leser.example"
READERS = sorted([ZOLTA, FROM_A_FILE, "jürgen@leser.example", PLAIN])
ON_THE_WIRE = [reader.replace("读者", "xn--zw0ax8v") for reader in READERS]


def _trial(folder: Path, command: WarmCommand, hop: SecondHop, maildir: Path) -> Trial:
    bounces = f'[bounces]\naddress = "bounces@{HOME}"\nmaildir = "{maildir}"\n'
    trial = Trial(
        folder / "publication", command, hop, f"sqlite:///{folder / 'ledger.db'}", [PLAIN, ZOLTA], tables=bounces
    )
    assert _people(trial) == [PLAIN], "unasked they are not taken: few servers can deliver to them"
    trial.run("subscribers", "add", ZOLTA, SPELLED_APART, "--source", "wrote to us", "--international", expect=0)
    file = folder / "more.csv"
    file.write_text(f"email\n{FROM_A_FILE}\n", "utf-8")
    trial.run("subscribers", "import", str(file), "--source", "list", "--international", "--yes", expect=0)
    assert _people(trial) == READERS
    return trial


def _people(trial: Trial) -> list[str]:
    listed = json.loads(trial.run("subscribers", "list", "--json", expect=0).stdout)
    return sorted(each["address"] for each in listed)


@pytest.mark.parametrize("taken", [True, False])
def test_they_arrive_or_come_back(tmp_path: Path, command: WarmCommand, taken: bool) -> None:
    sink = SmtpSink(tmp_path / "sink", Options(smtputf8=taken))
    with sink, running_postfix(next_hop=sink.port) as postfix:
        hop = SecondHop(postfix, sink)
        trial = _trial(tmp_path, command, hop, postfix.maildir)
        trial.send_on(0)
        assert set(trial.tally) == {"accepted"}, "Postfix offers SMTPUTF8"
        postfix.wait_until_empty()
        if taken:
            _assert_all_arrived(trial, hop)
        else:
            assert hop.counts() == {PLAIN: 1}
            _assert_all_came_back(trial)


def _assert_all_arrived(trial: Trial, hop: SecondHop) -> None:
    rendition = trial.rendition()
    for recipient, content in hop.messages():
        assert_is_copy(content, recipient, rendition)
    assert hop.counts() == dict.fromkeys(ON_THE_WIRE, 1)
    trial.assert_silent()
    trial.run("subscribers", "unsubscribe", SPELLED_APART, expect=0)


def _assert_all_came_back(trial: Trial) -> None:
    """In reports of RFC 6533, whose addresses are UTF-8; servers that can't take such letters blame nobody."""
    report = json.loads(trial.run("bounces", "read", "--json", expect=0).stdout)
    assert (report["read"], report["events"], report["suppressed"]) == (3, {"bounced": 3}, 0)
    heard = json.loads(trial.run("bounces", "list", "--json", expect=0).stdout)
    assert {event["enhanced_code"] for event in heard} == {"5.6.7"}
    assert all(event["subscriber_id"] for event in heard)
