"""F15 and F16: posts, templates and readers that change while an edition is on its way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.conftest import MakeTrial
from faults.invariants import digest
from faults.trial import Trial, addresses
from faults.ways import IN_BOTH_WAYS

READERS = addresses(12)
LEAVING = READERS[7]


@IN_BOTH_WAYS
class TestF15:
    def test_copies_after_a_crash_are_what_they_were_before(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS)
        assert trial.dies_at("after-record:2")
        ((before, content), *_) = trial.sink.offered()
        golden = digest(content, before)
        for post in (trial.folder / "posts").iterdir():
            post.unlink()
        trial.write_post("Storms", "Something else altogether.")
        template = trial.folder / "templates" / "email" / "digest.html"
        template.parent.mkdir(parents=True)
        template.write_text("<p>{{ edition.subject }}</p>", "utf-8")
        trial.send_on()
        trial.assert_invariants(uncertain=trial.most_unclear)
        offered = trial.sink.offered()
        assert len(offered) >= len(READERS) - trial.most_unclear
        assert {digest(content, recipient) for recipient, content in offered} == {golden}


def unsubscribe(trial: Trial) -> None:
    trial.run("subscribers", "unsubscribe", LEAVING, expect=0)


def erase(trial: Trial) -> None:
    trial.run("subscribers", "erase", LEAVING, "--yes", expect=0)


def suppress(trial: Trial) -> None:
    ((hashed,),) = trial.books.query("SELECT address_hash FROM subscriber WHERE address = ?", LEAVING)
    trial.books.query("INSERT INTO suppression VALUES (?, 'complained', '2026-11-22 08:00:00.000000', '')", hashed)


@IN_BOTH_WAYS
@pytest.mark.parametrize("leave", [unsubscribe, erase, suppress])
class TestF16:
    def test_whoever_leaves_after_the_freeze_gets_nothing(
        self, make_trial: MakeTrial, leave: Callable[[Trial], None]
    ) -> None:
        trial = make_trial(READERS)
        assert trial.dies_at("after-freeze")
        leave(trial)
        trial.send_on(0)
        self.assert_skipped(trial)

    def test_whoever_leaves_between_claim_and_arm_gets_nothing(
        self, make_trial: MakeTrial, leave: Callable[[Trial], None]
    ) -> None:
        trial = make_trial(READERS)
        with trial.stopped_at("after-claim:1") as run:
            assert trial.tally["claimed"] == len(READERS)
            leave(trial)
        assert run.wait() == 0, run.err
        self.assert_skipped(trial)

    def assert_skipped(self, trial: Trial) -> None:
        trial.assert_invariants()
        assert trial.tally == {"accepted": len(READERS) - 1, "skipped": 1}
        assert LEAVING not in trial.sink.counts()
