"""The weekly edition: whom it reaches, what it carries and when; and its rehearsal."""

from __future__ import annotations

from datetime import timedelta

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.services.sending.braking import release_edition
from briefingfeed.storage.schema import delivery, edition

from .conftest import assert_sums, topics

WEEK = timedelta(days=7)
ACCEPTED, SKIPPED, PENDING = DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.PENDING
DEFERRED, FAILED, UNCERTAIN = DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNCERTAIN


class TestAnEdition:
    def test_reaches_everybody_once(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben", "cy")
        desk.begin()
        report = desk.send()
        assert_sums(report)
        (edition,) = report.editions
        assert (edition.key, edition.state, edition.recipients) == ("weekly/2026-W48", EditionState.DONE, 3)
        assert edition.posts == ("Tides",)
        assert edition.subject == "Harbour Notes: Tides"
        assert desk.office.recipients == ["ann@example.org", "ben@example.org", "cy@example.org"]
        assert {str(mail["Subject"]) for mail in desk.office.mails} == {"Harbour Notes: Tides"}
        assert report.exit_code == 0
        assert report.news == ()

    def test_is_not_sent_again_by_any_later_run(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        for _ in range(3):
            desk.now += timedelta(hours=30)
            report = desk.send()
            assert report.editions == ()
            assert report.exit_code == 0
        assert len(desk.office.seen) == 1

    def test_the_next_week_carries_only_what_is_new(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        desk.write("Winds", "2026-11-27")
        desk.write("Late to the folder", "2026-11-18")
        desk.now += WEEK
        (edition,) = desk.send().editions
        assert edition.posts == ("Winds", "Late to the folder")

    def test_keeps_its_words_when_a_post_changes_after_the_freeze(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        (desk.folder / "posts" / "2026-11-20-tides.md").write_text("---\ntitle: Other\n---\n\nOther.\n", "utf-8")
        desk.office.answers.clear()
        desk.now += timedelta(minutes=30)
        report = desk.send()
        assert report.editions[0].state is EditionState.DONE
        _, _, third = (mail.get_body(("plain",)).get_content() for mail in desk.office.mails)
        assert "The text of Tides." in third
        assert "Other" not in third

    def test_skips_whoever_left_after_the_freeze(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        desk.unsubscribe("ben")
        desk.office.down = None
        report = desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": SKIPPED}
        assert_sums(report)

    def test_without_a_post_is_recorded_as_empty(self, desk) -> None:
        desk.subscribe("ann")
        desk.begin()
        desk.write("Old", "2026-01-05")
        report = desk.send()
        assert report.editions[0].state is EditionState.EMPTY
        assert report.exit_code == 0
        assert report.news == ()
        assert desk.office.seen == []

    def test_is_not_empty_while_a_file_is_broken(self, desk) -> None:
        desk.subscribe("ann")
        desk.begin()
        file = desk.folder / "posts" / "2026-11-20-broken.md"
        file.write_text("---\ntitle: [unclosed\ndate: 2026-11-20\n---\n\nText.\n", "utf-8")
        first, second = desk.send(), desk.send()
        assert desk.edition() is None
        assert topics(first.news) == ["unreadable:weekly/2026-W48"]
        assert "2026-11-20-broken.md" in first.news[0].text
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]
        file.write_text("---\ntitle: Mended\ndate: 2026-11-20\n---\n\nText.\n", "utf-8")
        third = desk.send()
        assert third.exit_code == 0
        assert third.editions[0].posts == ("Mended",)

    def test_goes_without_the_broken_file_and_says_so_once(self, desk) -> None:
        desk.write("Tides")
        (desk.folder / "posts" / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
        desk.subscribe("ann")
        desk.begin()
        report = desk.send()
        assert report.editions[0].posts == ("Tides",)
        assert report.exit_code == 1
        assert "broken.md" in str(report.news[0])
        assert desk.send().exit_code == 0

    def test_without_a_subscriber_keeps_its_posts_for_the_next(self, desk) -> None:
        desk.write("Tides")
        desk.begin()
        assert desk.send().editions[0].state is EditionState.EMPTY
        desk.subscribe("ann")
        desk.now += WEEK
        assert desk.send().editions[0].posts == ("Tides",)

    def test_of_an_archive_takes_what_is_new_and_passes_over_the_rest(self, desk) -> None:
        desk.write("Tides")
        for number in range(40):
            desk.write(f"Old {number}", "2026-10-30")
        desk.subscribe("ann")
        desk.begin()
        assert desk.send().editions[0].posts == ("Tides",)
        desk.now += WEEK
        assert desk.send().editions[0].state is EditionState.EMPTY

    def test_with_too_many_old_posts_is_held_until_it_is_released(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        for number in range(12):
            desk.write(f"Old {number}", "2026-11-10")
        desk.now += WEEK
        first, second = desk.send(), desk.send()
        assert topics(first.news) == ["held:weekly/2026-W49"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]
        assert len(desk.office.seen) == 1
        release_edition(desk.database, "weekly/2026-W49", desk.now)
        assert desk.send().exit_code == 0
        assert len(desk.office.seen) == 2


class TestTime:
    def test_the_first_real_run_sends_nothing_of_the_past(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        assert desk.send().editions == ()
        assert desk.send().editions == ()
        desk.now += WEEK
        assert desk.send().editions[0].key == "weekly/2026-W49"

    def test_with_now_it_sends_the_latest_slot(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        assert desk.send(at_once=True).editions[0].key == "weekly/2026-W48"
        assert desk.send(at_once=True).editions == ()

    def test_a_slot_missed_is_told_once_and_its_posts_go_with_the_next(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.now += 2 * WEEK
        first, second = desk.send(), desk.send()
        assert topics(first.news) == ["missed:weekly/2026-W49"]
        assert first.news[0].text.startswith("2 editions, weekly/2026-W48 to weekly/2026-W49, did not")
        assert first.editions[0].key == "weekly/2026-W50"
        assert first.editions[0].posts == ("Tides",)
        assert first.exit_code == 1
        assert second.exit_code == 0

    def test_rows_that_wait_too_long_expire(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        desk.now += timedelta(days=5)
        report = desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": DeliveryState.EXPIRED}
        assert report.editions[0].state is EditionState.DONE
        assert_sums(report)


class TestRehearsal:
    def test_says_once_that_nobody_is_mailed(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.provider = desk.outbox
        first, second = desk.send(), desk.send()
        assert first.editions[0].key == "rehearsal/weekly/2026-W48"
        assert topics(first.news) == ["rehearsal:rehearsal/weekly/2026-W48"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [0, 0]

    def test_does_not_count_as_mailed(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        office, desk.provider = desk.provider, desk.outbox
        desk.send()
        desk.provider = office
        report = desk.send(at_once=True)
        assert report.editions[-1].posts == ("Tides",)
        assert desk.office.recipients == ["ann@example.org"]

    def test_is_cancelled_when_real_mail_begins(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        office, desk.provider = desk.provider, desk.outbox
        desk.send()
        with desk.database.write() as connection:
            connection.execute(edition.update().values(state=EditionState.SENDING))
            connection.execute(delivery.update().values(state=PENDING))
        desk.provider = office
        desk.send()
        assert desk.edition("rehearsal/weekly/2026-W48").state is EditionState.CANCELLED
        assert desk.states("rehearsal/weekly/2026-W48") == {"ann": SKIPPED}
        assert desk.office.seen == []

    def test_never_takes_real_rows(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        office, desk.provider = desk.provider, desk.outbox
        first, second = desk.send(), desk.send()
        assert "provider:weekly/2026-W48" in topics(first.news)
        assert "provider:weekly/2026-W48" not in topics(second.news)
        assert first.exit_code == second.exit_code == 1
        assert desk.states() == {"ann": PENDING, "ben": PENDING}
        desk.provider = office
        desk.office.down = None
        desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": ACCEPTED}
