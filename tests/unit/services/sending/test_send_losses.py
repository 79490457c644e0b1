"""Nothing is lost without a word: what used to fall between two runs, two clocks or two spellings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from briefingfeed.errors import ProviderError, StorageError
from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.settings import Mailbox, WebSettings
from briefingfeed.providers.base import Limits
from briefingfeed.services.publishing.post_library import load_library
from briefingfeed.services.sending.braking import cancel_edition
from briefingfeed.services.telling.status import read_status

from .conftest import topics

WEEK = timedelta(days=7)
W48, W49 = "weekly/2026-W48", "weekly/2026-W49"


class CancelledMeanwhile:
    """A way out during whose first copy somebody cancels the edition."""

    name = "post-office"
    rehearses = False
    is_local = True
    limits = Limits()

    def __init__(self, desk, result: Result) -> None:
        self._desk = desk
        self._result = result

    async def deliver(self, work) -> None:
        (message,) = await work.take(1)
        cancel_edition(self._desk.database, W48, self._desk.now)
        await work.report(Outcome(delivery_id=message.delivery_id, result=self._result, phase=Phase.RCPT))
        assert not await work.take(1)


class TestExpiry:
    def test_is_told_and_frees_the_posts_that_nobody_had(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        desk.now += timedelta(days=5, minutes=1)
        first, second = desk.send(), desk.send()
        assert topics(first.news) == [f"expired:{W48}"]
        assert "2 readers" in first.news[0].text
        assert [first.exit_code, second.exit_code] == [1, 0]
        assert desk.edition().state is EditionState.DONE
        desk.office.down = None
        desk.now += timedelta(days=2)
        assert desk.send().editions[0].posts == ("Tides",)

    def test_keeps_the_posts_that_somebody_had(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        desk.now += timedelta(days=5, minutes=1)
        report = desk.send()
        assert "1 reader:" in report.news[0].text
        desk.now += timedelta(days=2)
        assert desk.send().editions[0].state is EditionState.EMPTY

    def test_is_not_brought_about_by_the_clock_of_a_rehearsal(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        office = desk.office
        office.down = ProviderError("no connection")
        desk.send()
        now, desk.now, desk.provider = desk.now, desk.now + timedelta(days=30), desk.outbox
        desk.send(as_of=True)
        desk.now, desk.provider, office.down = now, office, None
        desk.send()
        assert desk.states() == {"ann": DeliveryState.ACCEPTED}


class TestCancellingWhileACopyIsOnItsWay:
    @pytest.mark.parametrize("result", [Result.DEFERRED, Result.RETURNED])
    def test_leaves_no_row_waiting_and_frees_the_posts_if_it_comes_back(self, desk, result) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        office, desk.provider = desk.office, CancelledMeanwhile(desk, result)
        report = desk.send()
        assert desk.states() == {"ann": DeliveryState.SKIPPED, "ben": DeliveryState.SKIPPED}
        assert topics(report.news) == [f"called-off:{W48}"]
        desk.provider = office
        desk.now += WEEK
        assert desk.send().editions[0].posts == ("Tides",)

    def test_keeps_the_posts_if_it_was_taken(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        office, desk.provider = desk.office, CancelledMeanwhile(desk, Result.ACCEPTED)
        assert desk.send().news == ()
        desk.provider = office
        desk.now += WEEK
        assert desk.send().editions[0].state is EditionState.EMPTY


class TestNews:
    def test_of_a_run_that_broke_off_is_told_by_the_next(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        desk.now += 2 * WEEK
        desk.write("Winds", "2026-12-05")
        (desk.folder / "posts" / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
        desk.office.down = StorageError("the disk is full")
        with pytest.raises(StorageError):
            desk.send()
        desk.office.down = None
        report, later = desk.send(), desk.send()
        missed, broken = report.news
        assert missed.topic == f"missed:{W49}"
        assert "broken.md" in broken.text
        assert later.news == ()

    def test_of_an_edition_of_the_future_is_that_the_clock_was_wrong(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.now += 5 * WEEK
        desk.send()
        desk.now -= 4 * WEEK
        first, second = desk.send(), desk.send()
        assert topics(first.news) == ["clock:weekly"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]

    def test_of_an_edition_that_was_stopped_all_week_keeps_the_reason(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.page = "it answers 502, and not with our page."
        desk.office.is_local = False
        desk.send()
        desk.page = None
        desk.now += WEEK
        desk.send()
        assert "it was stopped: The unsubscribe page" in desk.edition().note
        assert desk.edition(W49).state is EditionState.DONE


class TestTheBeginning:
    def test_noted_by_a_clock_years_ahead_is_corrected(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        now, desk.now = desk.now, datetime(2036, 1, 2, tzinfo=UTC)
        desk.send()
        desk.now = now - WEEK
        desk.send()
        desk.now = now
        assert desk.send().editions[0].posts == ("Tides",)

    def test_noted_by_a_clock_years_behind_mails_no_archive(self, desk) -> None:
        for month in range(1, 13):
            desk.write(f"Of {month}", f"2025-{month:02}-01")
        desk.write("Tides")
        desk.subscribe("ann")
        now, desk.now = desk.now, datetime(1970, 1, 2, tzinfo=UTC)
        desk.send()
        desk.now = now
        report = desk.send()
        assert report.editions[0].posts == ("Tides",)
        assert len(report.news) == 1

    def test_after_many_missed_slots_holds_many_old_posts(self, desk) -> None:
        for day in range(1, 13):
            desk.write(f"Of {day}", f"2026-11-{day:02}")
        desk.subscribe("ann")
        desk.now -= 4 * WEEK
        desk.send()
        desk.now += 4 * WEEK
        assert desk.send().editions[0].state is EditionState.HELD


class TestAPostWhoseIdChanged:
    @pytest.fixture
    def remembering(self, desk, monkeypatch):
        """A desk whose posts are read with what the database remembers, as the command does."""
        monkeypatch.setattr(desk, "load", lambda: load_library(desk.settings, desk.database, desk.now))
        return desk

    def rename(self, file) -> None:
        text = file.read_text("utf-8").replace("title:", 'id: "tag:harbour.example,2026:new"\ntitle:', 1)
        file.write_text(text, "utf-8")

    def test_is_not_mailed_again_and_that_is_told_once(self, remembering) -> None:
        desk = remembering
        file = desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        self.rename(file)
        desk.now += WEEK
        report = desk.send()
        assert report.editions[0].state is EditionState.EMPTY
        assert topics(report.news) == ["renamed:tag:harbour.example,2026:new"]
        desk.now += WEEK
        assert desk.send().news == ()
        assert len(desk.office.seen) == 1

    def test_goes_again_if_asked_for(self, remembering) -> None:
        desk = remembering
        file = desk.write("Tides", email=True)
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        self.rename(file)
        desk.now += WEEK
        assert desk.send().editions[0].posts == ("Tides",)


class TestNamesThatAreNotAscii:
    def test_of_sender_and_pages_reach_everybody_in_their_wire_form(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.change(from_=Mailbox("notes@häfen.example", "Häfen"))
        desk.settings = replace(
            desk.settings,
            publication=replace(desk.settings.publication, url="https://häfen.example", id_authority=None),
            web=WebSettings(public_url="https://häfen.example:8443/Ämter"),
        )
        desk.begin()
        desk.send()
        (mail,) = desk.office.mails
        assert mail["Message-ID"].endswith("@xn--hfen-loa.example>")
        assert mail["List-Id"] == "Harbour Notes <weekly.xn--hfen-loa.example>"
        assert mail["List-Unsubscribe"].startswith("<https://xn--hfen-loa.example:8443/%C3%84mter/u/")

    def test_that_no_link_can_begin_with_stop_the_edition(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.settings = replace(desk.settings, web=WebSettings(public_url="https://-ä-.example"))
        desk.begin()
        report = desk.send()
        assert report.editions[0].state is EditionState.BLOCKED
        assert "public_url" in report.news[0].text


class TestStatus:
    def topics(self, desk) -> list[str]:
        return topics(read_status(desk.database, desk.settings, desk.now, provider="p", rehearses=False).todo)

    def test_names_what_keeps_the_last_run_from_making_an_edition(self, desk) -> None:
        desk.subscribe("ann")
        desk.begin()
        file = desk.folder / "posts" / "broken.md"
        file.write_text("---\ntitle: [\n---\n", "utf-8")
        desk.send()
        assert self.topics(desk) == [f"unreadable:{W48}"]
        file.unlink()
        desk.send()
        assert self.topics(desk) == []
        desk.now += timedelta(days=70)
        assert desk.send().exit_code == 1
        assert self.topics(desk) == ["silence:weekly"]

    def test_forgets_a_rehearsal_that_was_blocked_once(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.provider = desk.outbox
        good = desk.settings
        desk.settings = replace(good, publication=replace(good.publication, postal_address=" "))
        desk.send()

        def todo() -> list[str]:
            status = read_status(desk.database, good, desk.now, provider="outbox", rehearses=True)
            return topics(status.todo)

        assert todo() == [f"blocked:rehearsal/{W48}", "rehearsing"]
        desk.now += WEEK
        assert todo() == ["rehearsing"]
