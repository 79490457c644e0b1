"""The proof, told as stories: it goes out once, again after an edit, and there is still time to stop the edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.settings import Mailbox

from .conftest import MONDAY

W48, W49 = "weekly/2026-W48", "weekly/2026-W49"
QUARTER = timedelta(minutes=15)
EDITOR = "editor@harbour.example"


@pytest.fixture
def desk(desk):
    desk.await_monday()
    desk.change(proof_to=(Mailbox(EDITOR, "Ed"),))
    return desk


def text(desk) -> str:
    """What the last mail says, on one line."""
    return " ".join(desk.office.mails[-1].get_body(("plain",)).get_content().split())


def quarter_later(desk):
    desk.now += QUARTER
    return desk.send()


class TestTheProof:
    def test_goes_to_the_editors_alone_and_says_when_and_to_how_many(self, desk) -> None:
        report = desk.send()
        assert desk.office.recipients == [EDITOR]
        assert str(desk.office.mails[0]["Subject"]) == "[Proof] Harbour Notes: Tides"
        assert desk.edition().state is EditionState.PLANNED
        said = text(desk)
        assert desk.office.mails[0]["Date"].datetime == desk.now
        assert "Proof of weekly/2026-W48" in said
        assert "It goes out on Monday 23 November 2026, 08:00 UTC, to 2 readers." in said
        assert "briefingfeed editions hold weekly/2026-W48" in said
        assert "briefingfeed editions cancel weekly/2026-W48" in said
        assert "The text of Tides." in said
        assert (report.exit_code, report.news, report.proofs) == (0, (), (W48,))

    def test_stands_in_the_report_of_the_run_that_mailed_it_and_of_no_other(self, desk) -> None:
        assert desk.send().as_dict()["proofs"] == [W48]
        assert quarter_later(desk).as_dict()["proofs"] == []

    def test_goes_no_earlier_than_it_should(self, desk) -> None:
        desk.now = MONDAY - timedelta(hours=3, minutes=1)
        desk.send()
        assert desk.office.seen == []
        assert desk.edition() is None

    def test_goes_once_if_nothing_changes_and_then_the_edition_goes(self, desk) -> None:
        desk.send()
        for _ in range(9):
            quarter_later(desk)
        assert desk.office.recipients == [EDITOR]
        report = quarter_later(desk)
        assert desk.now == MONDAY
        assert desk.office.recipients == ["ann@example.org", "ben@example.org", EDITOR]
        assert report.editions[0].state is EditionState.DONE
        assert desk.edition().proof_sent_at == MONDAY - timedelta(hours=2, minutes=30)

    def test_has_the_same_words_below_its_box_as_the_edition(self, desk) -> None:
        desk.send()
        desk.now = MONDAY
        desk.send()
        proof, copy = (mail.get_body(("plain",)).get_content() for mail in desk.office.mails[:2])
        head, _, below = proof.partition("Below: the mail as readers get it")
        assert head
        ours, theirs = (part.partition("Unsubscribe:")[0].split() for part in (below, copy))
        assert ours[1:] == theirs

    def test_comes_again_after_an_edit_and_says_what_changed(self, desk) -> None:
        winds = desk.write("Winds")
        desk.send()
        winds.unlink()
        desk.write("Rain")
        tides = desk.folder / "posts" / "2026-11-20-tides.md"
        tides.write_text(tides.read_text("utf-8").replace("The text", "Another text"), "utf-8")
        quarter_later(desk)
        assert len(desk.office.seen) == 2
        said = text(desk)
        assert "changed" in said
        assert "Changed since the last proof" in said
        assert all(line in said for line in ("- Added: Rain", "- Removed: Winds", "- Edited: Tides"))
        quarter_later(desk)
        assert len(desk.office.seen) == 2

    def test_is_followed_by_a_word_if_something_changed_after_the_last_one(self, desk) -> None:
        desk.send()
        desk.write("Rain")
        desk.now = MONDAY
        report = desk.send()
        assert report.editions[0].posts == ("Rain", "Tides")
        (notice,) = report.news
        assert notice.text == "weekly/2026-W48 was made with changes that came after its last proof:\n  Added: Rain"
        assert report.exit_code == 0

    def test_comes_again_when_the_look_has_changed(self, desk) -> None:
        desk.send()
        desk.change(reason="Because.")
        quarter_later(desk)
        assert len(desk.office.seen) == 2
        assert "No post has changed" in text(desk)

    def test_names_a_file_that_broke_and_whose_post_is_left_out(self, desk) -> None:
        winds = desk.write("Winds")
        desk.send()
        winds.write_text("---\ntitle: [\n---\n", "utf-8")
        quarter_later(desk)
        said = text(desk)
        assert "- Removed: Winds" in said
        assert "posts/2026-11-20-winds.md" in said

    def test_of_nothing_is_not_sent(self, desk) -> None:
        (desk.folder / "posts" / "2026-11-20-tides.md").unlink()
        desk.send()
        assert desk.office.seen == []
        assert desk.edition() is None

    def test_says_so_when_nothing_is_left_of_it(self, desk) -> None:
        desk.send()
        (desk.folder / "posts" / "2026-11-20-tides.md").unlink()
        quarter_later(desk)
        assert "no post is due on Monday 23 November 2026, 08:00 UTC: nobody is mailed" in text(desk)
        desk.now = MONDAY
        assert desk.send().editions[0].state is EditionState.EMPTY

    def test_shows_the_post_that_is_dated_just_before_the_slot(self, desk) -> None:
        desk.write("At seven", "2026-11-23 07:00")
        desk.send()
        assert "At seven" in text(desk)

    def test_tells_what_will_stop_the_edition(self, desk) -> None:
        publication = replace(desk.settings.publication, postal_address="")
        desk.settings = replace(desk.settings, publication=publication)
        desk.send()
        said = text(desk)
        assert "as it stands it will not go out" in said
        assert "There is no postal address." in said

    def test_is_rehearsed_in_the_outbox(self, desk) -> None:
        desk.provider = desk.outbox
        desk.now = MONDAY
        desk.send()
        desk.write("Winds", "2026-11-27")
        desk.now = MONDAY + timedelta(days=6, hours=22)
        desk.send()
        assert desk.edition(f"rehearsal/{W49}").state is EditionState.PLANNED


class TestAProofThatFails:
    def test_does_not_stop_the_edition_and_is_tried_again(self, desk) -> None:
        desk.office.down = ProviderError("no connection")
        first, second = desk.send(), quarter_later(desk)
        assert [notice.topic for notice in first.news] == [f"proof:{W48}"]
        assert "no connection" in first.news[0].text
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [0, 0]
        desk.office.down = None
        quarter_later(desk)
        assert desk.office.recipients == [EDITOR]
        desk.now = MONDAY
        desk.send()
        assert desk.states() == {"ann": DeliveryState.ACCEPTED, "ben": DeliveryState.ACCEPTED}

    def test_is_not_sent_twice_to_those_who_have_it(self, desk) -> None:
        desk.change(proof_to=(Mailbox(EDITOR), Mailbox("chair@harbour.example")))
        desk.office.answers["chair@harbour.example"] = Result.DEFERRED
        report = desk.send()
        assert "1 of 2 in [newsletter] proof_to" in report.news[0].text
        desk.office.answers.clear()
        quarter_later(desk)
        quarter_later(desk)
        assert desk.office.recipients.count(EDITOR) == 1
        assert desk.office.recipients.count("chair@harbour.example") == 2

    def test_for_good_is_told_once_and_not_tried_again(self, desk) -> None:
        desk.office.answers[EDITOR] = Result.REJECTED
        first, second = desk.send(), quarter_later(desk)
        assert [notice.topic for notice in first.news] == [f"proof-refused:{W48}"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 0]
        assert len(desk.office.seen) == 1
        assert EDITOR not in first.news[0].text

    def test_is_not_repeated_for_ever_to_somebody_who_may_have_it(self, desk) -> None:
        desk.office.answers[EDITOR] = Result.UNCERTAIN
        reports = [desk.send(), *(quarter_later(desk) for _ in range(5))]
        assert len(desk.office.seen) == 3
        told = [notice.topic for report in reports for notice in report.news]
        assert told == [f"proof:{W48}", f"proof-unclear:{W48}"]
        assert {report.exit_code for report in reports} == {0}
        desk.write("Rain")
        desk.office.answers.clear()
        quarter_later(desk)
        assert len(desk.office.seen) == 4

    def test_for_a_broken_template_is_told_and_waits_for_it(self, desk) -> None:
        folder = desk.folder / "templates" / "email"
        folder.mkdir(parents=True)
        (folder / "digest.txt").write_text("{{ nonsense }}", "utf-8")
        report = desk.send()
        assert report.exit_code == 1
        assert "There is no proof of weekly/2026-W48 yet" in report.news[0].text
        (folder / "digest.txt").unlink()
        assert quarter_later(desk).exit_code == 0
        assert desk.office.recipients == [EDITOR]
