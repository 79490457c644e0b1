"""What Postfix itself refuses: unknown people, too many of them, too large a mail, mail while its disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.postfix import HOME, running_postfix
from servers.smtp_sink import SmtpSink

READERS = addresses(1)
QUICK_AND_QUIET = {"smtpd_error_sleep_time": "0", "notify_classes": ""}
STRANGERS = [f"stranger{number:02}@{HOME}" for number in range(100)]
"""So many that between two copies that are taken, in whatever order, one of two connections names more than twenty."""


@pytest.fixture
def hop(tmp_path: Path) -> Iterator[SecondHop]:
    only_bounces = {"virtual_mailbox_maps": f"inline:{{{{bounces@{HOME}=home/}}}}"}
    sink = SmtpSink(tmp_path / "sink")
    with sink, running_postfix(next_hop=sink.port, settings=only_bounces | QUICK_AND_QUIET) as postfix:
        yield SecondHop(postfix, sink)


@pytest.fixture
def trial(tmp_path: Path, command: WarmCommand, hop: SecondHop) -> Trial:
    return Trial(tmp_path / "publication", command, hop, f"sqlite:///{tmp_path / 'ledger.db'}", READERS + STRANGERS)


def test_more_strangers_than_a_connection_may_name(trial: Trial, hop: SecondHop) -> None:
    """After twenty errors Postfix says 421 and hangs up: who is left goes over the next connection."""
    trial.send_on(0)
    hop.postfix.wait_until_empty()
    assert hop.postfix.lines("too many errors")
    trial.assert_invariants()
    assert trial.tally == {"accepted": len(READERS), "failed": len(STRANGERS)}
    assert trial.books.suppressed() == len(STRANGERS)
    trial.assert_silent()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"queue_minfree": "999999999999"}, "takes no mail just now"),
        ({"message_size_limit": "5000"}, "the mail server takes at most 5 kB"),
    ],
)
def test_no_room(trial: Trial, hop: SecondHop, setting: dict[str, str], words: str) -> None:
    hop.postfix.stop()
    hop.postfix.set(setting)
    hop.postfix.start()
    run = trial.begin_sending()
    assert (run.wait(), words in run.err) == (75, True), run.err
    assert set(trial.tally) == {"pending"}, "nobody is charged for it"

    hop.postfix.stop()
    hop.postfix.set({"queue_minfree": "0", "message_size_limit": "10240000"})
    hop.postfix.start()
    trial.send_on(0)
    hop.postfix.wait_until_empty()
    trial.assert_invariants()
    assert hop.counts().total() == len(READERS)
