"""A whole edition to Amazon SES as moto plays it: a server that others wrote, by Amazon's own model of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import assert_is_copy, parse
from briefingfeed.models.edition import SlotName
from briefingfeed.newsletter.mime import splice
from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from servers.moto import Moto, moto
from servers.sigv4_check import KEY_ID, SECRET_KEY

READERS = addresses(40)
ENVIRONMENT = {"BRIEFINGFEED_SES_KEY_ID": KEY_ID, "BRIEFINGFEED_SES_SECRET_KEY": SECRET_KEY}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def amazon(running: Moto) -> Moto:
    running.forget()
    return running


@pytest.fixture
def trial(tmp_path: Path, command: WarmCommand, amazon: Moto) -> Trial:
    return Trial(
        tmp_path / "publication", command, amazon, f"sqlite:///{tmp_path / 'ledger.db'}", READERS, provider="ses",
        tables=f'[ses]\nurl = "{amazon.url}"\nrate = 1000\nretry_pause = 0.01\n', environment=ENVIRONMENT,
    )  # fmt: skip


def test_every_reader_has_one_copy_byte_for_byte_as_the_ledger_has_it(trial: Trial, amazon: Moto) -> None:
    amazon.verify("harbour.example")
    trial.send_on(0)
    trial.assert_invariants()
    assert amazon.counts() == dict.fromkeys(READERS, 1)
    rendition = trial.rendition()
    names = set()
    for recipient, content in amazon.offered():
        assert_is_copy(content, recipient, rendition)
        values = values_of(content, recipient)
        assert content == b"".join(splice(rendition.message, values))
        names |= {values[SlotName.MESSAGE_ID], values[SlotName.UNSUBSCRIBE_TOKEN]}
    assert len(names) == 2 * len(READERS)
    trial.assert_silent()


def values_of(content: bytes, recipient: str) -> dict[SlotName, str]:
    """Read off a copy what is its reader's own."""
    mail = parse(content)
    link = mail["List-Unsubscribe"].strip("<>")
    return {
        SlotName.ADDRESS: recipient,
        SlotName.MESSAGE_ID: mail["Message-ID"],
        SlotName.UNSUBSCRIBE_URL: link,
        SlotName.UNSUBSCRIBE_TOKEN: link.rpartition("/")[2],
    }


def test_killed_between_answer_and_record_nobody_has_two(trial: Trial, amazon: Moto) -> None:
    amazon.verify("notes@harbour.example")
    assert trial.dies_at("after-reply:7")
    assert amazon.counts()
    trial.send_on(0, 1)
    trial.assert_invariants(uncertain=4)
    assert set(trial.tally) == {"accepted", "uncertain"}
    trial.assert_silent()


def test_a_sender_that_is_not_verified_costs_nobody_their_copy(trial: Trial, amazon: Moto) -> None:
    trial.send_on(1)
    assert trial.books.editions()[0].state == "held"
    assert amazon.commands()
    assert not amazon.counts()
    assert not trial.books.suppressed()

    amazon.verify("harbour.example")
    trial.tick(hours=2)
    trial.run("editions", "release", trial.key, expect=0)
    trial.send_on(0)
    trial.assert_invariants()
    assert trial.tally == {"accepted": len(READERS)}
